import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { changes, type Edge, inventory, ROUTER, startLadenEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';
import { executable } from '../../lab/project.js';
import { faultsIn, StandIns } from '../../lab/stand_in.js';
import { until, when } from '../../lab/until.js';

/** Seconds that no test waits for. */
const LONG = '600';
/** Seconds after which a move is taken back, and milliseconds in which that is done. */
const SHORT = '2';
const BACK_MS = 30_000;

labTest(
  'a move with --confirm stays once it is confirmed, and meanwhile no other command builds on it',
  async (t) => {
    const { edge, before } = await begin(t);
    const { host } = edge;
    const none = await host.run('ovn-k8s-util', ['confirm']);
    t.is(none.exitCode, 1);
    t.regex(none.stderr, /^ovn-k8s-util: no command waits to be confirmed/);
    const moved = await host.run('ovn-k8s-util', ['nics-to-bridge', '--confirm', LONG, 'eth0']);
    t.is(moved.exitCode, 0, moved.stderr);
    t.regex(
      moved.stdout,
      /note: nics-to-bridge eth0 is taken back in 600 s, unless you run: ovn-k8s-util confirm/,
    );
    for (const args of [
      ['nics-to-bridge', 'eth0'],
      ['nics-to-bridge', '--confirm', LONG, 'eth0'],
      ['bridge-to-nics', 'other'],
    ]) {
      const { exitCode, stderr } = await host.run('ovn-k8s-util', args);
      t.is(exitCode, 1, args.join(' '));
      t.regex(
        stderr,
        /^ovn-k8s-util: nics-to-bridge eth0 is not confirmed: run ovn-k8s-util confirm, or wait \d+ s/,
      );
    }
    const confirmed = await host.run('ovn-k8s-util', ['confirm', '--json']);
    t.is(confirmed.stdout, '{"confirmed":"nics-to-bridge eth0"}', confirmed.stderr);
    await isOver(edge);
    t.deepEqual(changes(before, await inventory(host.net, 'breth0')), []);
    const again = await host.run('ovn-k8s-util', ['nics-to-bridge', '--confirm', LONG, 'eth0']);
    t.regex(again.stdout, /there is nothing to confirm/);
    t.is((await host.run('ovn-k8s-util', ['bridge-to-nics', 'breth0'])).exitCode, 0);

    t.is((await host.run('ovn-k8s-util', ['nics-to-bridge', '--confirm', LONG, 'eth0'])).exitCode, 0);
    const back = await host.run('ovn-k8s-util', ['bridge-to-nics', 'breth0']);
    t.is(back.exitCode, 0, back.stderr);
    await isOver(edge);
    t.deepEqual(
      changes(before, await inventory(host.net, 'eth0')),
      [],
      'the inverse command needs no confirmation',
    );
  },
);

labTest(
  'of two moves with --confirm at once one runs, and it is taken back if nobody confirms it',
  async (t) => {
    const { edge, before } = await begin(t);
    const args = ['nics-to-bridge', '--confirm', SHORT, 'eth0'];
    const both = await Promise.all([1, 2].map(() => edge.host.run('ovn-k8s-util', args)));
    t.deepEqual(both.map(({ exitCode }) => exitCode).sort(), [0, 1], JSON.stringify(both));
    await isBack(t, edge, before);
  },
);

labTest(
  'a move is taken back after kill -9 of the command, at any point, and of its whole session',
  async (t) => {
    const { edge, before } = await begin(t);
    const { host } = edge;
    const standIns = StandIns.on(host);
    const args = ['nics-to-bridge', '--confirm', SHORT, 'eth0'];
    t.is((await standIns.run('ovn-k8s-util', args)).exitCode, 0);
    const calls = standIns.calls();
    await isBack(t, edge, before);
    const faults = faultsIn(calls, 'kill', 30);
    t.true(faults.length > 6, `${faults.length} places`);
    // In the middle of the move, and before its last change.
    for (const fault of [faults[Math.floor(faults.length / 2)], faults.at(-2)]) {
      // The stand-ins run the real tools for the process that takes the move back: their fault was at one call only.
      t.is((await standIns.run('ovn-k8s-util', args, fault)).exitCode, -1);
      await isBack(t, edge, before);
    }
    const session = host.net.spawn([
      ...['setsid', 'sh', '-c', '"$@"; echo moved; exec sleep 1000', 'sh'],
      ...[process.execPath, executable('ovn-k8s-util'), ...args],
    ]);
    await session.says(/^moved$/m, BACK_MS);
    process.kill(-session.pid, 'SIGKILL');
    await session.exited;
    t.is(await host.vsctl('list-br'), 'breth0');
    await isBack(t, edge, before);
  },
);

labTest(
  'the NIC is back in time although Open vSwitch has stopped, and the bridge goes once it runs',
  async (t) => {
    const { edge, before } = await begin(t);
    const { host } = edge;
    t.is((await host.run('ovn-k8s-util', ['nics-to-bridge', '--confirm', SHORT, 'eth0'])).exitCode, 0);
    await host.killSwitch('SIGTERM');
    await host.appctl('-t', 'ovsdb-server', 'exit');
    await until(
      'the addresses on eth0',
      async () => {
        return when(changes(before, await inventory(host.net, 'eth0')).length === 0);
      },
      BACK_MS,
    );
    const ping = await host.net.attempt(['ping', '-c', '1', '-W', '2', ROUTER.v4]);
    t.is(ping.exitCode, 0, ping.stdout);
    await host.startDatabase();
    await host.startSwitch();
    await isBack(t, edge, before);
  },
);

async function begin(t: ExecutionContext): Promise<{ edge: Edge; before: readonly string[] }> {
  const edge = await startLadenEdge();
  t.teardown(() => edge.lab.dispose());
  return { edge, before: await inventory(edge.host.net, 'eth0') };
}

/** Waits until no process waits to take a command back. */
async function isOver({ host }: Edge): Promise<void> {
  await until('no process that waits', async () => {
    const { stdout } = await host.net.attempt(['ip', 'netns', 'pids', host.net.name]);
    const names = await Promise.all(
      stdout
        .split('\n')
        .filter(Boolean)
        .map((pid) => host.net.attempt(['cat', `/proc/${pid}/cmdline`])),
    );
    return when(!names.some((one) => one.stdout.includes('keep-unconfirmed')));
  });
}

/** Checks that all is as it was before a move that was not confirmed. */
async function isBack(t: ExecutionContext, edge: Edge, before: readonly string[]): Promise<void> {
  const { host } = edge;
  const file = join(host.statedir, 'unconfirmed.json');
  await until('the end of the way back', () => when(!existsSync(file)), BACK_MS);
  await isOver(edge);
  t.deepEqual(changes(before, await inventory(host.net, 'eth0')), []);
  t.is(await host.vsctl('list-br'), '');
  t.is((await host.net.exec(['nft', 'list', 'ruleset'])).trim(), '');
  t.deepEqual(readdirSync(host.statedir), []);
}
