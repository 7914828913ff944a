import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseAddresses, readAddresses } from '../../src/host/addresses.js';

const of = (...addr_info: readonly object[]) => JSON.stringify([{ ifname: 'eth0', addr_info }]);

test('addresses of both families are read in the order of the kernel', (t) => {
  const json = of(
    { family: 'inet', local: '203.0.113.10', prefixlen: 24, scope: 'global' },
    { family: 'inet6', local: '2001:db8::10', prefixlen: 64, scope: 'global' },
  );
  t.deepEqual(
    parseAddresses(json).map(({ address, prefix, family, secondary }) => [
      String(address),
      prefix,
      family,
      secondary,
    ]),
    [
      ['203.0.113.10', 24, 4, false],
      ['2001:db8::10', 64, 6, false],
    ],
  );
});

for (const flag of ['temporary', 'deprecated', 'tentative', 'dadfailed', 'secondary']) {
  test(`an address with the flag "${flag}" is a secondary one`, (t) => {
    const [address] = parseAddresses(of({ local: '2001:db8::10', prefixlen: 64, [flag]: true }));
    t.true(address?.secondary);
  });
}

test('an interface without addresses, and what a filter left out, have none', (t) => {
  for (const json of ['', '[]', '[{}]', '[{"ifname":"eth0"}]', of(), of({}), of({ prefixlen: 24 })])
    t.deepEqual(parseAddresses(json), [], json);
});

test('loopback has its addresses, and a missing interface has none', async (t) => {
  t.true((await readAddresses('lo')).some(({ address }) => String(address) === '127.0.0.1'));
  t.deepEqual(await readAddresses('none9'), []);
});

test.serial('an ip that fails is an error, not an interface without addresses', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'failing-ip-'));
  const { PATH } = process.env;
  t.teardown(() => {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  });
  const script = '#!/bin/sh\necho "Cannot open netlink socket: Too many open files" >&2\nexit 1\n';
  writeFileSync(join(folder, 'ip'), script, { mode: 0o755 });
  process.env.PATH = `${folder}:${PATH}`;
  await t.throwsAsync(readAddresses('lo'), {
    code: 'ERR_IP_ADDRESS',
    message: /^cannot list the addresses of lo: Cannot open netlink socket/,
  });
});
