import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findBridge } from '../../src/switch/bridges.js';
import { addPort } from '../../src/switch/ports.js';
import { switchWords } from '../../src/switch/switch_words.js';
import { localDatabase, write } from './local_database.js';

const SINCE = new Date('2026-11-28T10:00:00.000Z');

function folder(t: ExecutionContext, log = ''): { run: string; log: string } {
  const path = mkdtempSync(join(tmpdir(), 'words-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  if (log !== '') writeFileSync(join(path, 'ovs-vswitchd.log'), log);
  return { run: path, log: path };
}

test('a switch that does not run is named as that, and a log without warnings by its file', async (t) => {
  const at = folder(t);
  t.is(
    await switchWords(SINCE, undefined, at),
    `ovs-vswitchd does not run: there is no ${at.run}/ovs-vswitchd.pid, and logged no warning in ${at.log}/ovs-vswitchd.log`,
  );
});

test('warnings and errors that the switch has logged since are quoted, no earlier ones and no other levels', async (t) => {
  const at = folder(
    t,
    [
      '2026-11-28T09:59:59.999Z|00001|bridge|ERR|long ago',
      '2026-11-28T10:00:00.001Z|00002|bridge|INFO|by the way',
      '2026-11-28T10:00:00.002Z|00003|dpif|WARN|failed to create datapath ovs-system: No such file or directory',
      '2026-11-28T10:00:00.003Z|00004|ofproto|ERR|failed to open datapath breth0: \u001b[31mno\u001b[0m',
      '',
    ].join('\n'),
  );
  const words = await switchWords(SINCE, undefined, at);
  t.true(
    words.endsWith(
      '; its log: dpif: failed to create datapath ovs-system: No such file or directory' +
        '; its log: ofproto: failed to open datapath breth0: \\u001b[31mno\\u001b[0m',
    ),
    words,
  );
});

test('the errors of interfaces are quoted, cut to a length that fits into a line', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  const bridge = findBridge(db, 'breth0');
  t.truthy(bridge);
  await write(
    db,
    (txn) => bridge && addPort(txn, bridge._uuid, 'tap9', { error: `could not open (${'x'.repeat(999)})` }),
  );
  const words = await switchWords(SINCE, db, folder(t));
  t.regex(words, /; port tap9: could not open \(x+…x+\)$/);
  t.true(words.length < 600, words);
});
