import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { copyLeases, onOtherDevice } from '../../src/nic/dhclient.js';

const LEASES = `default-duid "\\000\\001";
lease {
  interface "eth0";
  fixed-address 203.0.113.50;
}
lease {
  interface "eth01";
  fixed-address 203.0.113.51;
}
`;

test('leases are copied under the name of the other device, with the client identifier', (t) => {
  const dir = directory(t);
  const [file, newFile] = [join(dir, 'eth0.leases'), join(dir, 'breth0.leases')];
  writeFileSync(file, LEASES);
  copyLeases({ file, newFile, from: 'eth0', to: 'breth0' });
  t.is(readFileSync(newFile, 'utf8'), LEASES.replace('interface "eth0";', 'interface "breth0";'));
  t.is(readFileSync(file, 'utf8'), LEASES);
});

test('a dhclient without a lease file starts without one', (t) => {
  const dir = directory(t);
  const newFile = join(dir, 'breth0.leases');
  copyLeases({ file: join(dir, 'none'), newFile, from: 'eth0', to: 'breth0' });
  t.throws(() => readFileSync(newFile), { code: 'ENOENT' });
});

test('no symbolic link is followed to read leases or to write them', (t) => {
  const dir = directory(t);
  const [secret, victim] = [join(dir, 'secret'), join(dir, 'victim')];
  const [file, newFile] = [join(dir, 'eth0.leases'), join(dir, 'breth0.leases')];
  writeFileSync(secret, 'secret');
  writeFileSync(victim, 'untouched');
  symlinkSync(secret, file);
  symlinkSync(victim, newFile);
  copyLeases({ file, newFile, from: 'eth0', to: 'breth0' });
  t.is(readFileSync(victim, 'utf8'), 'untouched');
  rmSync(file);
  writeFileSync(file, LEASES);
  copyLeases({ file, newFile, from: 'eth0', to: 'breth0' });
  t.is(readFileSync(victim, 'utf8'), 'untouched');
  t.true(readFileSync(newFile, 'utf8').includes('interface "breth0";'));
});

test('the way back is the command that it had, but for how it starts', (t) => {
  const argv = ['/sbin/dhclient', '-1', '-v', '-pf', '/run/dhclient.eth0.pid', 'eth0'];
  const there = onOtherDevice('/usr/sbin/dhclient', argv, 'eth0', 'breth0');
  t.deepEqual(onOtherDevice('/usr/sbin/dhclient', there.command, 'breth0', 'eth0').command, there.former);
  t.deepEqual(there.former, ['/usr/sbin/dhclient', '-nw', '-v', '-pf', '/run/dhclient.eth0.pid', 'eth0']);
});

function directory(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'dhclient-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}
