import test from 'ava';
import { readBridge } from '../../src/switch/bridge_facts.js';
import { findBridge } from '../../src/switch/bridges.js';
import { addPort, findInterface } from '../../src/switch/ports.js';
import { localDatabase, write } from './local_database.js';

test('a bridge is read with its interfaces; an interface that is not open has no number', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  await write(db, (txn) => {
    const bridge = findBridge(db, 'breth0');
    if (bridge !== undefined) addPort(txn, bridge._uuid, 'eth0', { ofport: -1 });
  });
  const local = findInterface(db, 'breth0');
  if (local === undefined) throw new Error('there is no LOCAL port');
  await write(db, (txn) =>
    txn.update('Interface', local._uuid, { ofport: 65_534, mac_in_use: '02:00:00:00:00:01' }),
  );
  const facts = readBridge(db, 'breth0');
  const ports = facts?.ports.map(({ name, type, ofport, mac }) => [name, type, ofport, mac]) ?? [];
  t.deepEqual(
    new Map(ports.map(([name, ...rest]) => [String(name), rest.map(String)])),
    new Map([
      ['breth0', ['internal', '65534', '02:00:00:00:00:01']],
      ['eth0', ['', 'undefined', 'undefined']],
    ]),
  );
  t.is(readBridge(db, 'absent'), undefined);
});

test("a MAC of another kind than Ethernet's is none, and the bridge is read all the same", async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  const local = findInterface(db, 'breth0');
  if (local === undefined) throw new Error('there is no LOCAL port');
  const infiniband = '80:00:02:08:fe:80:00:00:00:00:00:00:7c:fe:90:03:00:29:26:52';
  for (const mac of [infiniband, '', '\x1b[2J']) {
    await write(db, (txn) => txn.update('Interface', local._uuid, { mac_in_use: mac }));
    t.deepEqual(
      readBridge(db, 'breth0')?.ports.map(({ mac }) => mac),
      [undefined],
    );
  }
});
