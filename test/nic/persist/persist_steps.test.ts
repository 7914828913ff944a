import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeAfter, writeBefore } from '../../../src/nic/persist/apply.js';
import type { Manager } from '../../../src/nic/persist/manager.js';
import { addKeep, giveBackFiles, readRecorded } from '../../../src/nic/persist/persist_steps.js';
import { type Record, RecordStore, recordOf } from '../../../src/nic/persist/record.js';
import { Plan } from '../../../src/nic/plan.js';

test('the undo of a way back that stopped midway never deletes the originals', async (t) => {
  const { dir, place, persisted } = begin(t);
  const record = persisted('eth0', { interfaces: 'new', more: 'more new' });
  const persistence = readRecorded('eth0', place);
  if (persistence === undefined) return t.fail();
  const plan = new Plan();
  addKeep(plan, persistence);
  await plan.run(new AbortController().signal);
  writeBefore({ ...record, files: record.files.slice(1) });
  // Writing the record again deletes it first, and a full disk or a kill can then leave none.
  const witness = join(persistence.store.folder, 'before', 'witness');
  writeFileSync(witness, '');
  await plan.undo();
  t.true(existsSync(witness));
  t.is(new RecordStore(place.stateDir, 'eth0').read()?.files[0]?.before?.text, 'old\n');
  t.is(readFileSync(join(dir, 'more'), 'utf8'), 'more new');
});

test('a file that a later move changed on top is not called edited: that move goes back first', (t) => {
  const { place, persisted } = begin(t);
  persisted('eth0', { interfaces: 'with eth0' });
  persisted('eth1', { interfaces: 'with both' });
  t.throws(() => readRecorded('eth0', place), {
    code: 'ERR_PERSIST',
    message: /interfaces: changed again when eth1 was moved; run bridge-to-nics breth1 first/,
  });
  t.notThrows(() => readRecorded('eth1', place));
});

test('files are given back although the bridge is gone', async (t) => {
  const { dir, place, persisted, takenUp } = begin(t);
  persisted('eth0', { interfaces: 'new' });
  await giveBackFiles('eth0', place);
  t.is(readFileSync(join(dir, 'interfaces'), 'utf8'), 'old\n');
  t.deepEqual(takenUp, ['eth0']);
  t.is(readRecorded('eth0', place), undefined);
  await giveBackFiles('eth0', place);
  t.deepEqual(takenUp, ['eth0']);
});

test('a record of a move that wrote no file is deleted when the move is taken back', async (t) => {
  const { place, persisted, takenUp } = begin(t);
  writeBefore(persisted('eth0', { interfaces: 'new' }));
  await giveBackFiles('eth0', place);
  t.deepEqual(takenUp, []);
  t.is(readRecorded('eth0', place), undefined);
});

function begin(t: ExecutionContext) {
  const dir = mkdtempSync(join(tmpdir(), 'persist-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  for (const name of ['interfaces', 'more']) writeFileSync(join(dir, name), 'old\n');
  const takenUp: string[] = [];
  const manager: Manager = {
    name: 'ifupdown',
    find: async () => undefined,
    plan: async () => [],
    takeUp: async (_move, device) => {
      takenUp.push(device);
    },
  };
  const place = { stateDir: join(dir, 'state'), managers: [manager] };
  /** Writes files for a NIC, with its record. */
  const persisted = (nic: string, texts: { readonly [name: string]: string }): Record => {
    const changes = Object.entries(texts).map(([name, after]) => {
      const path = join(dir, name);
      return { path, before: readFileSync(path, 'utf8'), after, why: 'a test' };
    });
    const record = recordOf({ nic, bridge: `br${nic}`, mac: '02:00:00:00:00:01' }, 'ifupdown', changes);
    new RecordStore(place.stateDir, nic).save(record);
    writeAfter(record);
    return record;
  };
  return { dir, place, persisted, takenUp };
}
