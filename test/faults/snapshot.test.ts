import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { problemsOf } from '../../lab/faults/snapshot.js';

test('a daemon that runs and does not answer is a problem, one that does not run on the host is none', async (t) => {
  const rundir = mkdtempSync(join(tmpdir(), 'snapshot-'));
  t.teardown(() => rmSync(rundir, { recursive: true }));
  const attempt = async () => ({ exitCode: 142, stdout: '', stderr: 'Alarm clock' });
  const node = { host: { rundir, net: { attempt } } };
  t.deepEqual(await problemsOf(node, 'ovn-k8s-watcher'), []);
  writeFileSync(join(rundir, 'ovn-k8s-watcher.pid'), '7\n');
  t.deepEqual(await problemsOf(node, 'ovn-k8s-watcher'), ['ovn-k8s-watcher: reports no status']);
});
