import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { filesIn, stateOf, writeAfter, writeBefore } from '../../../src/nic/persist/apply.js';
import type { FileChange } from '../../../src/nic/persist/manager.js';
import { RecordStore, recordOf } from '../../../src/nic/persist/record.js';

const MOVE = { nic: 'eth0', bridge: 'breth0', mac: '02:00:00:00:00:01' };

test('files are written, and given back with their permissions', (t) => {
  const { etc, changes, store, tree } = begin(t);
  const before = tree();
  const record = recordOf(MOVE, 'ifupdown', changes);
  store.save(record);
  writeAfter(record);
  t.is(readFileSync(join(etc, 'interfaces'), 'utf8'), 'new\n');
  t.is(statSync(join(etc, 'interfaces')).mode & 0o777, 0o640);
  t.is(readFileSync(join(etc, 'deep/er/made'), 'utf8'), 'made\n');
  t.is(statSync(join(etc, 'deep/er/made')).mode & 0o777, 0o600);
  t.false(readdirSync(etc).includes('gone'));
  const read = store.read();
  t.deepEqual(read, record);
  if (read !== undefined) writeBefore(read);
  t.deepEqual(tree(), before);
  store.forget();
  t.is(store.read(), undefined);
});

test('a record without its manifest is what a killed command left, and is written again', (t) => {
  const { store, changes } = begin(t);
  const record = recordOf(MOVE, 'ifupdown', changes);
  store.save(record);
  rmSync(join(store.folder, 'manifest.json'));
  t.is(store.read(), undefined);
  store.save(record);
  t.deepEqual(store.read(), record);
});

test('after a stop between any two files both ways are open', (t) => {
  for (const written of [0, 1, 2, 3]) {
    const { changes, tree } = begin(t);
    const before = tree();
    const record = recordOf(MOVE, 'ifupdown', changes);
    writeAfter({ ...record, files: record.files.slice(0, written) });
    t.is(filesIn(record, 'after').length, written);
    t.is(filesIn(record, 'before').length, 3 - written);
    writeAfter(record);
    t.is(filesIn(record, 'after').length, 3);
    writeBefore({ ...record, folders: [], files: record.files.slice(0, written) });
    writeBefore(record);
    t.deepEqual(tree(), before);
  }
});

test('a file that somebody edited since is left alone in both directions', (t) => {
  const { etc, changes } = begin(t);
  const record = recordOf(MOVE, 'ifupdown', changes);
  writeAfter(record);
  writeFileSync(join(etc, 'interfaces'), 'edited\n');
  t.deepEqual(record.files.map(stateOf), ['after', 'edited', 'after']);
  writeAfter(record);
  writeBefore(record);
  t.is(readFileSync(join(etc, 'interfaces'), 'utf8'), 'edited\n');
});

test('an original that the operator corrects in the record is what comes back', (t) => {
  const { etc, changes, store } = begin(t);
  const record = recordOf(MOVE, 'ifupdown', changes);
  store.save(record);
  writeAfter(record);
  writeFileSync(join(store.folder, 'before', etc, 'interfaces'), 'corrected\n');
  const read = store.read();
  if (read !== undefined) writeBefore(read);
  t.is(readFileSync(join(etc, 'interfaces'), 'utf8'), 'corrected\n');
});

test('a file that changed since it was read, a symbolic link and bytes that are no text are refused', (t) => {
  const { etc, changes } = begin(t);
  const [, one] = changes;
  if (one === undefined) return t.fail();
  writeFileSync(join(etc, 'interfaces'), 'other\n');
  t.throws(() => recordOf(MOVE, 'ifupdown', [one]), {
    code: 'ERR_PERSIST',
    message: /interfaces has just changed/,
  });
  writeFileSync(join(etc, 'interfaces'), Buffer.from([0xff]));
  t.throws(() => recordOf(MOVE, 'ifupdown', [one]), {
    code: 'ERR_PERSIST',
    message: /interfaces is not UTF-8/,
  });
  rmSync(join(etc, 'interfaces'));
  symlinkSync('elsewhere', join(etc, 'interfaces'));
  t.throws(() => recordOf(MOVE, 'ifupdown', [one]), {
    code: 'ERR_PERSIST',
    message: /interfaces is no regular file/,
  });
});

test('a record that cannot be read is refused with the way out', (t) => {
  const { store, changes } = begin(t);
  store.save(recordOf(MOVE, 'ifupdown', changes));
  writeFileSync(join(store.folder, 'manifest.json'), '{"nic": 5');
  t.throws(() => store.read(), {
    code: 'ERR_PERSIST',
    message: /put them back from .*persist\/eth0\/before/,
  });
});

function begin(t: ExecutionContext) {
  const dir = mkdtempSync(join(tmpdir(), 'persist-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const etc = join(dir, 'etc');
  mkdirSync(etc);
  writeFileSync(join(etc, 'interfaces'), 'old\n');
  chmodSync(join(etc, 'interfaces'), 0o640);
  writeFileSync(join(etc, 'gone'), 'gone\n');
  const changes: FileChange[] = [
    { path: join(etc, 'deep/er/made'), before: undefined, after: 'made\n', why: 'bridge', mode: 0o600 },
    { path: join(etc, 'interfaces'), before: 'old\n', after: 'new\n', why: 'NIC' },
    { path: join(etc, 'gone'), before: 'gone\n', after: undefined, why: 'NIC' },
  ];
  const tree = () =>
    readdirSync(etc, { recursive: true })
      .map(String)
      .toSorted()
      .map((name) => {
        const stat = statSync(join(etc, name));
        return [name, stat.mode, stat.isFile() ? readFileSync(join(etc, name), 'utf8') : ''];
      });
  return { etc, changes, tree, store: new RecordStore(join(dir, 'state'), 'eth0') };
}
