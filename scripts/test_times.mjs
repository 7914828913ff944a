// ava loads this in the process of each test file: it adds the file and its seconds to $TEST_TIMES, which scripts/test reads.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const { TEST_TIMES } = process.env;

if (TEST_TIMES)
  process.on('exit', () => {
    const file = relative(process.cwd(), fileURLToPath(test.meta.file));
    appendFileSync(TEST_TIMES, `${process.uptime().toFixed(1)} ${file}\n`);
  });
