import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeFullFolder } from '../../lab/full_folder.js';
import { type Address, FOREVER, type Route, type Snapshot } from '../../src/host/snapshot.js';
import { aged, Journal } from '../../src/nic/journal.js';

const V4: Address = { family: 'inet', local: '203.0.113.10', prefixlen: 24, scope: 'global', label: 'eth0' };
const V6: Address = { family: 'inet6', local: '2001:db8::10', prefixlen: 64, scope: 'global' };
const DEFAULT: Route = { family: 4, dst: 'default', gateway: '203.0.113.1', dev: 'eth0', flags: [] };
const CONNECTED: Route = { family: 4, dst: '198.51.100.0/24', dev: 'eth0', scope: '253', flags: [] };
const SNAPSHOT: Snapshot = {
  device: 'eth0',
  link: { ifindex: 2, ifname: 'eth0', address: '02:00:00:00:00:01', mtu: 1500, flags: ['UP'] },
  addresses: [V4],
  routes: [DEFAULT],
  rules: [],
  neighbours: [],
};

test('a journal can be read back, and is deleted when the move has ended', (t) => {
  const { dir, journal } = begin(t);
  t.is(journal.read(), undefined);
  journal.write(SNAPSHOT);
  const forever = { valid_life_time: FOREVER, preferred_life_time: FOREVER };
  t.deepEqual(journal.read(), { ...SNAPSHOT, addresses: [{ ...V4, ...forever }] });
  journal.writeBatch('rules6', ['rule add', 'rule del']);
  t.is(readFileSync(journal.writeBatch('move', ['one', 'two']), 'utf8'), 'one\ntwo\n');
  journal.remove();
  t.is(journal.read(), undefined);
  t.deepEqual(readdirSync(dir), []);
});

test('each NIC has a journal of its own', (t) => {
  const { dir, journal } = begin(t);
  journal.write(SNAPSHOT);
  t.is(new Journal(dir, 'eth1').read(), undefined);
});

test('a journal that cannot be read is refused, and the file is named', (t) => {
  const { dir, journal } = begin(t);
  writeFileSync(join(dir, 'ovn-k8s-util.eth0.json'), '{"at": 5');
  t.throws(() => journal.read(), { code: 'ERR_JOURNAL', message: /ovn-k8s-util\.eth0\.json.*interrupted/ });
});

test('a journal that cannot be written is an error that names the file', (t) => {
  const { dir } = begin(t);
  const journal = new Journal(join(dir, 'none'), 'eth0');
  t.throws(() => journal.write(SNAPSHOT), { code: 'ERR_JOURNAL', message: /cannot write .*none/ });
});

test('lifetimes of an old journal are shorter by its age, and expired addresses are left out', (t) => {
  const leased = { ...V4, valid_life_time: 600, preferred_life_time: 60 };
  const short = { ...V6, valid_life_time: 90, preferred_life_time: 90 };
  const expiring = { ...DEFAULT, expires: 300 };
  const expired = { ...DEFAULT, dst: '10.0.0.0/8', expires: 100 };
  const endless = { ...CONNECTED, expires: 0 };
  const old = aged({ ...SNAPSHOT, addresses: [leased, short], routes: [expiring, expired, endless] }, 100);
  t.deepEqual(old.addresses, [{ ...V4, valid_life_time: 500, preferred_life_time: 0 }]);
  t.deepEqual(old.routes, [{ ...DEFAULT, expires: 200 }, endless]);
  t.is(aged(SNAPSHOT, 100).addresses[0]?.valid_life_time, FOREVER);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot(
  'a full disk keeps the journal of the move that was interrupted, and half a journal is refused by name',
  async (t) => {
    const disk = await makeFullFolder();
    t.teardown(() => disk.dispose());
    const journal = new Journal(disk.path, 'eth0');
    journal.write(SNAPSHOT);
    disk.fill();
    t.throws(() => journal.write({ ...SNAPSHOT, addresses: [] }), {
      code: 'ERR_JOURNAL',
      message: /cannot write/,
    });
    t.is(journal.read()?.addresses.length, 1);
    disk.free();
    writeFileSync(join(disk.path, 'ovn-k8s-util.eth0.json'), '');
    t.throws(() => journal.read(), { code: 'ERR_JOURNAL', message: /ovn-k8s-util\.eth0\.json/ });
  },
);

test('a symbolic link at the name of the temporary file is not followed', (t) => {
  const { dir, journal } = begin(t);
  const victim = join(dir, 'victim');
  writeFileSync(victim, 'untouched');
  const file = join(dir, 'ovn-k8s-util.eth0.json');
  for (const link of [file, `${file}.tmp`, `${file}.tmp${process.pid}`]) symlinkSync(victim, link);
  journal.write(SNAPSHOT);
  t.is(readFileSync(victim, 'utf8'), 'untouched');
  t.is(journal.read()?.device, 'eth0');
});

function begin(t: ExecutionContext): { dir: string; journal: Journal } {
  const dir = mkdtempSync(join(tmpdir(), 'journal-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return { dir, journal: new Journal(dir, 'eth0') };
}
