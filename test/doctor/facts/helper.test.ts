import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { UnixctlServer } from '../../../src/daemon/unixctl_server.js';
import { readHelper } from '../../../src/doctor/facts/helper.js';

/** Answers `status --json` as the gateway helper does. */
async function helperThatSays(t: ExecutionContext, status: unknown): Promise<string> {
  const rundir = mkdtempSync(join(tmpdir(), 'doctor-'));
  t.teardown(() => rmSync(rundir, { recursive: true }));
  writeFileSync(join(rundir, 'ovn-k8s-gateway-helper.pid'), `${process.pid}\n`);
  const server = new UnixctlServer(join(rundir, `ovn-k8s-gateway-helper.${process.pid}.ctl`));
  server.register('status', '[--json]', 0, 1, () => JSON.stringify(status));
  await server.listen();
  t.teardown(() => server.close());
  return rundir;
}

test('the status of the helper is read', async (t) => {
  const rundir = await helperThatSays(t, {
    synced: true,
    state: { bridge: 'breth0', demux: { mode: 'port-range' }, answersServed: false },
    problems: ['no API server'],
    externalIpCidrs: 'none',
  });
  t.deepEqual(await readHelper(rundir, 1_000), {
    synced: true,
    demux: 'port-range',
    answersServed: false,
    externalIpCidrs: 'none',
    problems: ['no API server'],
  });
});

test('a helper that has no state yet is not in sync', async (t) => {
  const rundir = await helperThatSays(t, { synced: false, state: null });
  t.deepEqual(await readHelper(rundir, 1_000), {
    synced: false,
    demux: undefined,
    answersServed: true,
    externalIpCidrs: undefined,
    problems: [],
  });
});

test('without a running helper there is an error', async (t) => {
  const rundir = mkdtempSync(join(tmpdir(), 'doctor-'));
  t.teardown(() => rmSync(rundir, { recursive: true }));
  await t.throwsAsync(readHelper(rundir, 200), { message: /ovn-k8s-gateway-helper/ });
});
