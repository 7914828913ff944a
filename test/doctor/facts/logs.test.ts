import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readLastErrors } from '../../../src/doctor/facts/logs.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'doctor-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test('the last errors of a log are read from its end, however long the log is', async (t) => {
  const path = join(directory(t), 'x.log');
  t.deepEqual(await readLastErrors(path), []);
  writeFileSync(path, '2026-11-25T10:00:00.000Z|00001|early|ERR|long ago\n');
  for (let i = 0; i < 10; i += 1)
    appendFileSync(path, `2026-11-25T10:01:00.000Z|00002|bridge|INFO|${'x'.repeat(60_000)}\n`);
  appendFileSync(path, '2026-11-25T10:02:00.000Z|00003|bridge|WARN|not an error\n');
  for (const n of [1, 2, 3, 4])
    appendFileSync(path, `2026-11-25T10:03:00.00${n}Z|0000${n}|bridge|ERR|number ${n}\n`);
  const found = await readLastErrors(path);
  t.deepEqual(
    found.map(({ text }) => text),
    ['bridge: number 2', 'bridge: number 3', 'bridge: number 4'],
  );
  t.is(found[0]?.at.toISOString(), '2026-11-25T10:03:00.002Z');
});

test('what failed before the last start of a daemon is left out, unless it was fatal', async (t) => {
  const path = join(directory(t), 'ovs-vswitchd.log');
  const opened = 'vlog|INFO|opened log file /var/log/openvswitch/ovs-vswitchd.log';
  writeFileSync(
    path,
    [
      `2026-11-25T10:00:00.000Z|00001|${opened}`,
      '2026-11-25T10:00:01.000Z|00002|bridge|ERR|failed to create bridge br-int',
      '2026-11-25T10:00:02.000Z|00003|util|EMER|assertion failed',
      `2026-11-25T10:00:03.000Z|00001|${opened}`,
      '2026-11-25T10:00:04.000Z|00002|netdev|ERR|could not open device\n',
    ].join('\n'),
  );
  const found = await readLastErrors(path);
  t.deepEqual(
    found.map(({ text }) => text),
    ['util: assertion failed', 'netdev: could not open device'],
  );
});
