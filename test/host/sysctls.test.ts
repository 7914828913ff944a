import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import {
  readSysctl,
  reversed,
  sysctlChanges,
  sysctlPath,
  sysctlText,
  writeSysctls,
} from '../../src/host/sysctls.js';

const CHANGE = { path: '/proc/sys/net/ipv4/conf/eth0.5/rp_filter', value: '2', old: '0' };

test('a name with dots is split at them, and one with slashes keeps its dots (sysctl.d(5))', (t) => {
  t.is(sysctlPath('net.ipv4.ip_forward'), '/proc/sys/net/ipv4/ip_forward');
  t.is(sysctlPath('net/ipv4/conf/eth0.5/rp_filter'), '/proc/sys/net/ipv4/conf/eth0.5/rp_filter');
});

test('a value is read without the end of its line, and a missing one is undefined', (t) => {
  const path = '/proc/sys/kernel/ostype';
  t.is(readSysctl('kernel.ostype'), readFileSync(path, 'utf8').trimEnd());
  t.is(readSysctl('kernel.none'), undefined);
});

test('changes are undone in reverse, to the old values', (t) => {
  const other = { path: '/proc/sys/net/ipv6/conf/eth0/disable_ipv6', value: '0', old: '1' };
  t.deepEqual(reversed([CHANGE, other]), [
    { ...other, value: '1', old: '0' },
    { ...CHANGE, value: '0', old: '2' },
  ]);
});

test('a change is printed as sysctl(8) takes it', (t) => {
  t.is(sysctlText(CHANGE), 'sysctl net/ipv4/conf/eth0.5/rp_filter=2');
});

test('an interface that has the same values needs no change', (t) => {
  t.true(existsSync('/proc/sys/net/ipv4/conf/lo'));
  t.deepEqual(sysctlChanges('lo', 'lo'), []);
});

test('what an interface needs is written in its own directory, with IPv6 turned on or off first', (t) => {
  const changes = sysctlChanges('lo', 'breth0', 'default');
  t.true(changes.length > 0, 'lo has a value that is not the default');
  for (const { path, value, old } of changes) {
    const [, tree, name] = /^\/proc\/sys\/net\/(ipv[46]\/(?:conf|neigh))\/breth0\/(\w+)$/.exec(path) ?? [];
    t.is(readSysctl(`net/${tree}/lo/${name}`), value, path);
    t.is(readSysctl(`net/${tree}/default/${name}`), old, path);
    t.false(['stable_secret', 'addr_gen_mode', 'mc_forwarding'].includes(name ?? ''), path);
  }
  const v6 = changes.filter(({ path }) => path.includes('/ipv6/conf/'));
  const at = v6.findIndex(({ path }) => path.endsWith('/disable_ipv6'));
  t.true(at <= 0, `disable_ipv6 is at ${at}`);
});

test('a missing interface needs no change', (t) => {
  t.deepEqual(sysctlChanges('none9', 'breth0', 'default'), []);
});

test('a value that cannot be written is an error that names the file', (t) => {
  t.throws(() => writeSysctls([{ ...CHANGE, path: '/proc/sys/net/none/x' }]), {
    code: 'ERR_SYSCTL',
    message: 'cannot write 2 to /proc/sys/net/none/x',
  });
});
