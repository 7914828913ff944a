// Other programs, and other helpers, on the bridge of a helper.
import { join } from 'node:path';
import test from 'ava';
import { labTest } from '../../lab/lab_test.js';
import { until, when } from '../../lab/until.js';
import { Wire } from '../../lab/wire.js';
import { clearAway, ends, HELPER, isAlive, pidOf } from '../daemon/helper_processes.js';

const PORTS = ['--physical-bridge=breth0', '--physical-interface=eth0'];

let wire: Wire;
test.before(async () => {
  if (process.getuid?.() === 0) wire = await Wire.start();
});
test.afterEach.always(async () => {
  if (wire !== undefined) await clearAway(wire.host);
});
test.after.always(() => wire?.dispose());

/** Tries to start a second helper on the bridge, with another pidfile. */
async function startSecond() {
  const { host } = wire;
  return host.run(HELPER, [...PORTS, '--detach', `--pidfile=${join(host.rundir, `${HELPER}.second.pid`)}`]);
}

labTest('a second helper on a bridge is refused, whatever its pidfile', async (t) => {
  await wire.startHelper();
  const first = pidOf(wire.host);
  const { exitCode, stderr } = await startSecond();
  t.is(exitCode, 1);
  t.regex(stderr, new RegExp(`breth0: another ${HELPER} keeps its flows, pid ${first}, aborting`));
  t.regex(await wire.helper('status'), /flows: +in place/);
  const overwriting = await wire.host.run(HELPER, [...PORTS, '--detach', '--pidfile', '--overwrite-pidfile']);
  t.is(overwriting.exitCode, 1);
  t.is(pidOf(wire.host), first, 'the pidfile is still that of the first');
  t.regex(await wire.helper('status'), /flows: +in place/);
});

labTest(
  'a monitor restarts a killed helper on its bridge, and a second helper is still refused',
  async (t) => {
    await wire.startHelper('--monitor');
    const first = pidOf(wire.host);
    process.kill(first, 'SIGSEGV');
    const pid = await until('a new daemon that answers', async () => {
      const now = pidOf(wire.host);
      if (now === first || !isAlive(now)) return undefined;
      const { exitCode } = await wire.host.net.attempt(['ovs-appctl', '-t', HELPER, 'status']);
      return exitCode === 0 ? now : undefined;
    });
    const { exitCode, stderr } = await startSecond();
    t.is(exitCode, 1);
    t.regex(stderr, new RegExp(`pid ${pid}, aborting`));
    await wire.helper('exit');
    await ends(pid);
  },
);

labTest('a helper takes over the bridge of one that was killed', async (t) => {
  await wire.startHelper();
  const first = pidOf(wire.host);
  process.kill(first, 'SIGKILL');
  await ends(first);
  await wire.startHelper();
  t.regex(await wire.helper('status'), /flows: +in place/);
  t.not(pidOf(wire.host), first);
});

labTest(
  'a bridge whose switch no longer speaks the OpenFlow that the helper needs is a problem',
  async (t) => {
    const { host } = wire;
    await wire.startHelper();
    await host.vsctl('set', 'Bridge', 'breth0', 'protocols=OpenFlow15');
    await host.killSwitch();
    await host.startSwitch();
    await until('the problem', async () =>
      when(/problem: +breth0: version negotiation failed .*"protocols"/.test(await wire.helper('status'))),
    );
    await host.vsctl('clear', 'Bridge', 'breth0', 'protocols');
    await until('the flows', async () => when(/flows: +in place/.test(await wire.helper('status'))), 15_000);
    t.notRegex(await wire.helper('status'), /negotiation/);
  },
);

const OURS = 'cookie=0x6b38000000000000/0xffff000000000000';
/** The flows of class `pod-return`, the ninth: the host does not need them. */
const POD_RETURN = 'cookie=0x6b38090000000000/0xffffff0000000000';
const WINDOW_MS = 10_000;

async function status(): Promise<{ bundles: number; synced: boolean; problems: readonly string[] }> {
  const { totals, synced, problems } = JSON.parse(await wire.helper('status', '--json'));
  return { bundles: totals.bundles, synced, problems };
}

/** Deletes flows as fast as `ovs-ofctl` can for ten seconds. @returns the helper's bundles meanwhile, and its problems at the end */
async function fight(flows: string) {
  const before = await status();
  const target = `unix:${join(wire.host.rundir, 'breth0.mgmt')}`;
  const rival = wire.host.net.spawn(['sh', '-c', `while :; do ovs-ofctl del-flows ${target} ${flows}; done`]);
  try {
    const end = performance.now() + WINDOW_MS;
    await until('the end of the fight', () => when(performance.now() > end), 2 * WINDOW_MS);
    const after = await status();
    return { bundles: after.bundles - before.bundles, problems: after.problems };
  } finally {
    process.kill(rival.pid, 'SIGKILL');
    await rival.exited;
  }
}

for (const [what, flows, most] of [
  ["the pods' flows again and again is met with fewer and fewer bundles", POD_RETURN, 9],
  ['all flows again and again is met with at most five bundles a second', OURS, 52],
] as const) {
  labTest(`a program that deletes ${what}, and is a problem until it stops`, async (t) => {
    await wire.startHelper();
    const { bundles, problems } = await fight(flows);
    t.log(`${bundles} bundles in ${WINDOW_MS / 1000} s`);
    t.true(bundles >= 4 && bundles <= most, `${bundles} bundles`);
    t.regex(problems.join('\n'), /the flows of breth0 were changed by someone else \d+ times in \d+ s; /);
    const quiet = async () => {
      const now = await status();
      return when(now.synced && !now.problems.some((one) => one.includes('someone else')));
    };
    await until('quiet', quiet, 25_000);
  });
}
