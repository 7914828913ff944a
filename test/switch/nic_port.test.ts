import test from 'ava';
import { type LocalDatabase, rootOf } from '../../src/switch/connection.js';
import { attach, detach } from '../../src/switch/nic_port.js';
import { findInterface } from '../../src/switch/ports.js';
import { localDatabase, portsOf, write } from './local_database.js';

const WAIT_MS = 10_000;

/** Writes columns of `eth0` as ovs-vswitchd would, as soon as its row is there. */
async function open(db: LocalDatabase, columns: { ofport?: number; error?: string }): Promise<void> {
  const row = await db.until(() => findInterface(db, 'eth0'), { what: 'eth0' });
  await write(db, (txn) => txn.update('Interface', row._uuid, columns));
}

/** Follows the configuration as ovs-vswitchd would, once. */
async function follow(db: LocalDatabase): Promise<void> {
  const root = () => db.table('Open_vSwitch').get(rootOf(db));
  await db.until(() => (root()?.next_cfg === 1 ? true : undefined), { what: 'next_cfg' });
  await write(db, (txn) => txn.increment('Open_vSwitch', rootOf(db), 'cur_cfg'));
}

test('attach adds the NIC and waits until ovs-vswitchd has opened it', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  await Promise.all([attach(db, 'breth0', 'eth0', WAIT_MS), open(db, { ofport: 1 })]);
  t.deepEqual(portsOf(db, 'breth0'), ['breth0', 'eth0']);
  t.is(findInterface(db, 'eth0')?.ofport, 1);
  await attach(db, 'breth0', 'eth0', WAIT_MS);
  t.is(db.table('Interface').size, 2);
});

test('attach fails with the error of ovs-vswitchd', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  const opened = open(db, { ofport: -1, error: 'could not open network device eth0' });
  await t.throwsAsync(attach(db, 'breth0', 'eth0', WAIT_MS), {
    code: 'ERR_NO_PORT',
    message: /cannot open eth0: could not open network device eth0/,
  });
  await opened;
});

test('attach fails if ovs-vswitchd does not open the NIC in time, or the bridge has gone', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  await t.throwsAsync(attach(db, 'breth0', 'eth0', 300), { code: 'ERR_WAIT_EXPIRED' });
  await t.throwsAsync(attach(db, 'breth1', 'eth0', 300), { code: 'ERR_NO_BRIDGE' });
});

test('detach removes the NIC and waits for ovs-vswitchd', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  await Promise.all([attach(db, 'breth0', 'eth0', WAIT_MS), open(db, { ofport: 1 })]);
  await Promise.all([detach(db, 'eth0', WAIT_MS), follow(db)]);
  t.deepEqual(portsOf(db, 'breth0'), ['breth0']);
  t.is(db.table('Open_vSwitch').get(rootOf(db))?.cur_cfg, 1);
});

test('detach of a NIC that is on no bridge neither writes nor waits', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  await detach(db, 'eth0', 300);
  t.is(db.table('Open_vSwitch').get(rootOf(db))?.next_cfg, 0);
});
