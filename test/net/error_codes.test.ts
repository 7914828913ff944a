import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ERROR_PAGE, formatErrorPage } from '../../scripts/error_page.js';
import { ERROR_CODES } from '../../src/net/error_codes.js';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const TABLE = 'net/error_codes.ts';

/** Returns every code that a file of src uses, as a string or as the template of the API server's codes. */
function usedCodes(): Set<string> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && file !== TABLE,
  );
  const texts = files.map((file) => readFileSync(join(SRC, file), 'utf8'));
  const literals = texts.flatMap((text) => [...text.matchAll(/'(ERR_[A-Z0-9_]+)'/g)]);
  const templates = texts.flatMap((text) => [...text.matchAll(/`(ERR_[A-Z0-9_]+)\$\{(\w+)\}`/g)]);
  return new Set([
    ...literals.map(([, code = '']) => code),
    ...templates.map(([, prefix = '', variable = '']) => prefix + variable.toUpperCase()),
  ]);
}

test('every code of the table is used, and every code that is used is in the table', (t) => {
  t.deepEqual([...usedCodes()].sort(), Object.keys(ERROR_CODES).sort());
});

test('docs/errors.md is what npm run docs:errors writes', (t) => {
  t.is(readFileSync(ERROR_PAGE, 'utf8'), formatErrorPage());
});

test('every text is one line, and ends as a sentence', (t) => {
  for (const [code, { cause, remedy }] of Object.entries(ERROR_CODES)) {
    for (const text of [cause, remedy]) t.regex(text, /^[^\n]+\.$/, code);
  }
});
