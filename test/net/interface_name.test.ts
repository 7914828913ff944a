import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { isInterfaceName, parseInterfaceName, readInterfaceName } from '../../src/net/interface_name.js';

/** What the kernel accepts (dev_valid_name of net/core/dev.c), counted in octets. */
const isTakenByKernel = (name: string) =>
  Buffer.byteLength(name) >= 1 &&
  Buffer.byteLength(name) <= 15 &&
  name !== '.' &&
  name !== '..' &&
  !/[/:\s\0\xa0]/.test(name);

for (const name of [
  'eth0',
  'eth0.100',
  'enp3s0f1np1',
  'br-int',
  'breth0',
  'wg_0',
  'veth@x',
  'a',
  '123456789012345',
  '...',
])
  test(`${name} is an interface name`, (t) => {
    t.is(String(parseInterfaceName(name)), name);
  });

for (const name of [
  '',
  '.',
  '..',
  '-x',
  '--help',
  'a#b',
  'a"b',
  "a'b",
  'a\\b',
  '\x1b[2J',
  'a b',
  'a\nb',
  'a/b',
  'a:1',
  'é',
  'eth\u202e0',
  'a;b',
  '$(x)',
  'a*',
  'a,b',
  'a=b',
  'a%d',
  '1234567890123456',
  'all',
  'default',
])
  test(`${JSON.stringify(name)} is not an interface name`, (t) => {
    t.false(isInterfaceName(name));
    t.throws(() => parseInterfaceName(name), { code: 'ERR_NOT_AN_INTERFACE_NAME' });
    t.throws(() => readInterfaceName('--physical-bridge', name), {
      code: 'ERR_USAGE',
      message: /^--physical-bridge=/,
    });
  });

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 17 }),
  fc.string({ unit: fc.constantFrom(...'ab0._-+@#"\'\\/: \x1b%'), maxLength: 17 }),
);

test('whatever text comes is a name that the kernel takes and no file or command misreads, or is refused', (t) => {
  fc.assert(
    fc.property(text, (name) => {
      if (isInterfaceName(name)) t.true(isTakenByKernel(name) && /^[\w.+@][\w.+@-]*$/.test(name), name);
      else t.throws(() => parseInterfaceName(name), { code: 'ERR_NOT_AN_INTERFACE_NAME' });
    }),
    { numRuns: 2_000 },
  );
});

/** Makes interfaces in a namespace of their own, which ends with the command. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot('the kernel makes an interface of each name that is accepted', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'names-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  // A namespace has its loopback from the start.
  const isNew = (name: string) => isInterfaceName(name) && name !== 'lo';
  const names = [...new Set(fc.sample(text.filter(isNew), 100))];
  const lines = names.flatMap((name) => [
    `link add dev ${name} type veth peer name peer0peer0peer0`,
    `link del dev ${name}`,
  ]);
  writeFileSync(join(dir, 'batch'), lines.map((line) => `${line}\n`).join(''));
  const { exitCode, stderr } = await execa(
    'unshare',
    ['--net', 'ip', '-force', '-batch', join(dir, 'batch')],
    { reject: false },
  );
  t.is(stderr, '');
  t.is(exitCode, 0);
});
