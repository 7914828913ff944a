import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../lab/project.js';

/** Runs the check on a tree of these files, each with its imports. */
async function check(files: Readonly<Record<string, readonly string[]>>) {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  try {
    for (const [file, imports] of Object.entries(files)) {
      const path = join(root, 'src', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, imports.map((one) => `import { x } from '${one}';\n`).join(''));
    }
    const { exitCode, stderr } = await execa('node', [join(PROJECT, 'scripts/layers.mjs'), root], {
      reject: false,
    });
    return { exitCode, stderr };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('imports that lead down pass', async (t) => {
  const down = { 'gateway/main.ts': ['../net/ip.js', './state.js'], 'gateway/state.ts': [], 'net/ip.ts': [] };
  t.deepEqual(await check(down), { exitCode: 0, stderr: '' });
});

test('an import between two jobs fails and is named', async (t) => {
  const { exitCode, stderr } = await check({
    'watcher/main.ts': ['../gateway/facts.js'],
    'gateway/facts.ts': [],
  });
  t.is(exitCode, 1);
  t.is(stderr, 'layers: src/watcher/main.ts imports src/gateway/facts.ts, which is not below it');
});

test('an import that leads up fails', async (t) => {
  const { exitCode, stderr } = await check({ 'net/ip.ts': ['../daemon/log.js'], 'daemon/log.ts': [] });
  t.is(exitCode, 1);
  t.regex(stderr, /src\/net\/ip\.ts imports src\/daemon\/log\.ts/);
});

test('an import of something outside src fails', async (t) => {
  const { exitCode, stderr } = await check({ 'net/ip.ts': ['../../lab/host.js'] });
  t.is(exitCode, 1);
  t.regex(stderr, /src\/net\/ip\.ts imports src\/\.\.\/lab\/host\.ts/);
});

test('a circle within a folder fails', async (t) => {
  const { exitCode, stderr } = await check({ 'net/a.ts': ['./b.js'], 'net/b.ts': ['./a.js'] });
  t.is(exitCode, 1);
  t.is(stderr, 'layers: circle: src/net/a.ts -> src/net/b.ts -> src/net/a.ts');
});

test('a folder that is in no layer fails', async (t) => {
  const { exitCode, stderr } = await check({ 'utils/x.ts': [] });
  t.is(exitCode, 1);
  t.is(stderr, 'layers: src/utils/x.ts is in no layer');
});
