// Other programs, and other helpers, on the bridge of a helper.
import { join } from 'node:path';
import test from 'ava';
import { labTest } from '../../lab/lab_test.js';
import { until } from '../../lab/until.js';
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
