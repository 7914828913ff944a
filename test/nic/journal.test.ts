import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { makeFullFolder } from '../../lab/full_folder.js';
import { type Address, FOREVER, type Route, type Snapshot } from '../../src/host/snapshot.js';
import { ProductError } from '../../src/net/errors.js';
import { merged, moveBatches } from '../../src/nic/batch.js';
import { aged, Journal, type JournalFolders } from '../../src/nic/journal.js';
import { emptyOn } from '../../src/nic/on_device.js';

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
  t.deepEqual([readdirSync(join(dir, 'state')), readdirSync(join(dir, 'run'))], [[], []]);
});

test('each NIC has a journal of its own', (t) => {
  const { dir, journal } = begin(t);
  journal.write(SNAPSHOT);
  t.is(new Journal(foldersIn(dir), 'eth1').read(), undefined);
});

test('a journal that cannot be read is refused, and the file is named', (t) => {
  const { dir, journal } = begin(t);
  journal.write(SNAPSHOT);
  writeFileSync(journalIn(dir), '{"at": 5');
  t.throws(() => journal.read(), { code: 'ERR_JOURNAL', message: /move\.eth0\.json.*interrupted/ });
});

test('a journal that cannot be written is an error that names the file', (t) => {
  const { dir } = begin(t);
  writeFileSync(join(dir, 'none'), '');
  const journal = new Journal({ stateDir: join(dir, 'none'), rundir: dir }, 'eth0');
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
    const journal = new Journal(foldersIn(disk.path), 'eth0');
    journal.write(SNAPSHOT);
    disk.fill();
    t.throws(() => journal.write({ ...SNAPSHOT, addresses: [] }), {
      code: 'ERR_JOURNAL',
      message: /cannot write/,
    });
    t.is(journal.read()?.addresses.length, 1);
    disk.free();
    writeFileSync(journalIn(disk.path), '');
    t.throws(() => journal.read(), { code: 'ERR_JOURNAL', message: /move\.eth0\.json/ });
  },
);

test('a symbolic link at the name of the temporary file is not followed', (t) => {
  const { dir, journal } = begin(t);
  journal.write(SNAPSHOT);
  journal.remove();
  const victim = join(dir, 'victim');
  writeFileSync(victim, 'untouched');
  const file = journalIn(dir);
  for (const link of [file, `${file}.tmp`, `${file}.tmp${process.pid}`]) symlinkSync(victim, link);
  journal.write(SNAPSHOT);
  t.is(readFileSync(victim, 'utf8'), 'untouched');
  t.is(journal.read()?.device, 'eth0');
});

test('the age of a journal is the time of the kernel, whatever the clock of the day does', (t) => {
  const { dir } = begin(t);
  let now = { boot: 'one', seconds: 1_000 };
  const journal = new Journal(foldersIn(dir), 'eth0', () => now);
  journal.write({ ...SNAPSHOT, addresses: [{ ...V4, valid_life_time: 600, preferred_life_time: 300 }] });
  const valid = () => journal.read()?.addresses[0]?.valid_life_time;
  now = { boot: 'one', seconds: 1_100 };
  t.is(valid(), 500);
  t.true(readFileSync(journalIn(dir), 'utf8').includes('"seconds":1000'));
});

test('the journal of an earlier boot is no interrupted move: the host has configured the NIC anew', (t) => {
  const { dir } = begin(t);
  let now = { boot: 'one', seconds: 1_000 };
  const journal = new Journal(foldersIn(dir), 'eth0', () => now);
  journal.write(SNAPSHOT);
  now = { boot: 'two', seconds: 40 };
  t.is(journal.read(), undefined);
  now = { boot: 'one', seconds: 1_000 };
  t.is(journal.read()?.device, 'eth0');
});

/** A snapshot with each kind of field. */
const WHOLE: Snapshot = {
  ...SNAPSHOT,
  link: { ...SNAPSHOT.link, inet6_addr_gen_mode: 'eui64', linkinfo: { info_kind: 'veth' } },
  addresses: [
    { ...V4, broadcast: '203.0.113.255', valid_life_time: 600, preferred_life_time: 300, dynamic: true },
    { ...V6, metric: 100, protocol: 'kernel_ra', mngtmpaddr: true },
  ],
  routes: [
    { ...DEFAULT, protocol: 'dhcp', metric: 100, metrics: [{ mtu: 1400 }], flags: ['onlink'] },
    {
      ...CONNECTED,
      nexthops: [{ dev: 'eth0', via: { family: 'inet6', host: 'fe80::1' }, weight: 2, flags: [] }],
    },
    { family: 6, dst: '2001:db8:1::/48', dev: 'eth0', gateway: 'fe80::1', expires: 1_700, pref: 'medium' },
  ],
  rules: [
    { family: 4, priority: 100, src: '203.0.113.10', iif: 'eth0', table: 100, fwmark: '0x1', uid_start: 0 },
  ],
  neighbours: [{ dst: '203.0.113.1', lladdr: '02:00:00:00:00:02', state: ['REACHABLE'], router: null }],
};

/** Puts `value` somewhere into a copy of `into`; `path` chooses where. */
function damaged(into: unknown, path: readonly number[], value: unknown): unknown {
  if (path.length === 0 || typeof into !== 'object' || into === null) return value;
  const [step = 0, ...rest] = path;
  const keys = Object.keys(into);
  const key = keys[step % Math.max(1, keys.length)] ?? 'new';
  const copy = structuredClone(into) as Record<string, unknown>;
  copy[key] = damaged(copy[key], rest, value);
  return copy;
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc
    .tuple(fc.array(fc.nat({ max: 30 }), { minLength: 3, maxLength: 7 }), fc.jsonValue())
    .map(([path, value]) =>
      JSON.stringify(damaged({ at: { boot: 'one', seconds: 5 }, snapshot: WHOLE }, path, value)),
    ),
);

test('whatever the file of a journal has is read, or refused with an error that names the file', (t) => {
  const { dir } = begin(t);
  const journal = new Journal(foldersIn(dir), 'eth0', () => ({ boot: 'one', seconds: 5 }));
  journal.write(SNAPSHOT);
  const file = journalIn(dir);
  const seen = { read: 0, refused: 0 };
  fc.assert(
    fc.property(anyText, (text) => {
      writeFileSync(file, text);
      const snapshot = outcome(() => journal.read());
      if (snapshot instanceof ProductError) {
        seen.refused++;
        t.is(snapshot.code, 'ERR_JOURNAL');
        t.true(snapshot.message.includes(file), snapshot.message);
        return;
      }
      seen.read++;
      // Of another boot.
      if (snapshot === undefined) return;
      // What was read can be made into commands, or is refused as an attribute that does not move.
      const batches = outcome(() => {
        const from = merged(snapshot, SNAPSHOT);
        return moveBatches({ wanted: from, from, to: emptyOn(from, 'breth0') });
      });
      if (batches instanceof ProductError) t.is(batches.code, 'ERR_CANNOT_MOVE');
    }),
    { numRuns: 3_000 },
  );
  t.true(seen.read > 10 && seen.refused > 100, JSON.stringify(seen));
});

test('a journal that was written is read back whole', (t) => {
  const { journal } = begin(t);
  journal.write(WHOLE);
  t.deepEqual(journal.read(), aged(WHOLE, 0));
});

/** Returns what `task` returns, or the ProductError that it throws. Any other exception fails the test. */
function outcome<T>(task: () => T): T | ProductError {
  try {
    return task();
  } catch (error) {
    if (error instanceof ProductError) return error;
    throw error;
  }
}

function begin(t: ExecutionContext): { dir: string; journal: Journal } {
  const dir = mkdtempSync(join(tmpdir(), 'journal-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return { dir, journal: new Journal(foldersIn(dir), 'eth0') };
}

function foldersIn(dir: string): JournalFolders {
  return { stateDir: join(dir, 'state'), rundir: join(dir, 'run') };
}

function journalIn(dir: string): string {
  return join(dir, 'state', 'move.eth0.json');
}
