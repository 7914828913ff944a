import { readdirSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { changes, type Edge, inventory, startLadenEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';
import { type Fault, faultsIn, StandIns } from '../../lab/stand_in.js';

const THERE = ['nics-to-bridge', 'eth0'];
const BACK = ['bridge-to-nics', 'breth0'];
/** A fault is injected after every so many lines of a batch. */
const STEP = 7;

labTest('a move to the bridge that is killed at any point is completed by the same command', async (t) => {
  const { edge, standIns, before } = await begin(t);
  t.is((await standIns.run('ovn-k8s-util', THERE)).exitCode, 0);
  const faults = faultsIn(standIns.calls(), 'kill', STEP);
  t.is((await standIns.run('ovn-k8s-util', BACK)).exitCode, 0);
  t.true(faults.length > 15, `${faults.length} places`);
  for (const fault of faults) {
    await killed(t, standIns, THERE, fault);
    await runs(t, standIns, THERE, fault);
    t.deepEqual(changes(before, await inventory(edge.host.net, 'breth0')), [], text(fault));
    await runs(t, standIns, BACK, fault);
    await isAsBefore(t, edge, before, fault);
  }
});

labTest('a move back that is killed at any point is completed by the same command', async (t) => {
  const { edge, standIns, before } = await begin(t);
  t.is((await standIns.run('ovn-k8s-util', THERE)).exitCode, 0);
  t.is((await standIns.run('ovn-k8s-util', BACK)).exitCode, 0);
  const faults = faultsIn(standIns.calls(), 'kill', STEP);
  t.true(faults.length > 10, `${faults.length} places`);
  for (const fault of faults) {
    await runs(t, standIns, THERE, fault);
    await killed(t, standIns, BACK, fault);
    await runs(t, standIns, BACK, fault);
    await isAsBefore(t, edge, before, fault);
  }
});

labTest('a killed move can be undone by the inverse command, in either direction', async (t) => {
  const { edge, standIns, before } = await begin(t);
  t.is((await standIns.run('ovn-k8s-util', THERE)).exitCode, 0);
  const faults = faultsIn(standIns.calls(), 'kill', 20);
  t.deepEqual(changes(before, await inventory(edge.host.net, 'breth0')), []);
  t.is((await standIns.run('ovn-k8s-util', BACK)).exitCode, 0);
  const faultsBack = faultsIn(standIns.calls(), 'kill', 20);
  for (const fault of faults) {
    await killed(t, standIns, THERE, fault);
    await runs(t, standIns, BACK, fault);
    await isAsBefore(t, edge, before, fault);
  }
  await runs(t, standIns, THERE, undefined);
  for (const fault of faultsBack) {
    await killed(t, standIns, BACK, fault);
    await runs(t, standIns, THERE, fault);
    t.deepEqual(changes(before, await inventory(edge.host.net, 'breth0')), [], text(fault));
  }
});

labTest('a move to the bridge is undone if any of its calls fails', async (t) => {
  const { edge, standIns, before } = await begin(t);
  t.is((await standIns.run('ovn-k8s-util', THERE)).exitCode, 0);
  const faults = faultsIn(standIns.calls(), 'fail', STEP);
  t.is((await standIns.run('ovn-k8s-util', BACK)).exitCode, 0);
  t.true(faults.length > 15, `${faults.length} places`);
  for (const fault of faults) {
    await fails(t, standIns, THERE, fault);
    await isAsBefore(t, edge, before, fault);
  }
});

labTest('a move back leaves everything on the bridge if any of its calls fails', async (t) => {
  const { edge, standIns, before } = await begin(t);
  t.is((await standIns.run('ovn-k8s-util', THERE)).exitCode, 0);
  t.is((await standIns.run('ovn-k8s-util', BACK)).exitCode, 0);
  const faults = faultsIn(standIns.calls(), 'fail', STEP);
  t.is((await standIns.run('ovn-k8s-util', THERE)).exitCode, 0);
  const guard = await edge.host.net.exec(['nft', 'list', 'ruleset']);
  t.true(faults.length > 10, `${faults.length} places`);
  for (const fault of faults) {
    await fails(t, standIns, BACK, fault);
    t.deepEqual(changes(before, await inventory(edge.host.net, 'breth0')), [], text(fault));
    t.is(await edge.host.net.exec(['nft', 'list', 'ruleset']), guard, text(fault));
  }
});

async function begin(
  t: ExecutionContext,
): Promise<{ edge: Edge; standIns: StandIns; before: readonly string[] }> {
  const edge = await startLadenEdge();
  t.teardown(() => edge.lab.dispose());
  return { edge, standIns: StandIns.on(edge.host), before: await inventory(edge.host.net, 'eth0') };
}

async function killed(t: ExecutionContext, standIns: StandIns, args: readonly string[], fault: Fault) {
  const { exitCode, stderr } = await standIns.run('ovn-k8s-util', args, fault);
  t.is(exitCode, -1, `${text(fault)}: ${stderr}`);
}

async function fails(t: ExecutionContext, standIns: StandIns, args: readonly string[], fault: Fault) {
  const { exitCode, stderr } = await standIns.run('ovn-k8s-util', args, fault);
  t.is(exitCode, 1, `${text(fault)}: ${stderr}`);
  t.regex(
    stderr,
    /^ovn-k8s-util: step \d+, [^:]+, failed: .*; everything is as it was\n?$/,
    `${text(fault)}: ${stderr}`,
  );
}

async function runs(
  t: ExecutionContext,
  standIns: StandIns,
  args: readonly string[],
  fault: Fault | undefined,
) {
  const { exitCode, stderr } = await standIns.run('ovn-k8s-util', args);
  t.is(exitCode, 0, `${args.join(' ')} after ${text(fault)}: ${stderr}`);
}

async function isAsBefore(t: ExecutionContext, { host }: Edge, before: readonly string[], fault: Fault) {
  t.deepEqual(changes(before, await inventory(host.net, 'eth0')), [], text(fault));
  t.is(await host.vsctl('list-br'), '', text(fault));
  t.is((await host.net.exec(['nft', 'list', 'ruleset'])).trim(), '', text(fault));
  const left = readdirSync(host.rundir).filter((name) => name.startsWith('ovn-k8s-util.'));
  t.deepEqual(left, ['ovn-k8s-util.lock'], text(fault));
  t.deepEqual(readdirSync(host.statedir), [], text(fault));
}

function text(fault: Fault | undefined): string {
  if (fault === undefined) return 'nothing';
  return `${fault.kind} at call ${fault.call} after ${fault.afterLines} lines`;
}
