import type { ExecutionContext } from 'ava';
import { FAR } from '../../lab/cluster.js';
import type { Machine } from '../../lab/machine/machine.js';
import type { NetworkName } from '../../lab/machine/network.js';
import { joinCluster, type MachineCluster, startMachine } from '../../lab/machine/node.js';
import type { MachinePod } from '../../lab/machine/pod.js';
import { builtPackage } from '../../lab/machine/product.js';
import { Reachable } from '../../lab/machine/reachable.js';
import type { Suite } from '../../lab/machine/tree.js';
import { NodeServices } from '../../lab/node_services.js';
import { targetsAt } from '../../lab/service_cluster.js';
import { askTargets, serveTargets, type Target, type TargetAnswer } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';
import { ANSWER_MS, GAP_MS, QUIET_ANSWERS, seconds } from './promise.js';

/** Milliseconds until a unit is active, or a pod reaches the outside. */
const SERVICE_MS = 30_000;
/** The node port of the pod's service. */
const NODE_PORT = 30_080;
/** The port of a server beyond the router. */
const FAR_PORT = 8081;
const UNITS = ['ovn-k8s-node', 'ovn-k8s-gateway-helper'];

/** A gateway that boots, and what it must be like after each boot. */
export interface Subject extends MachineCluster {
  readonly moved: Measured;
  readonly pod: MachinePod;
  /** The addresses of the pod's service, one a family. */
  readonly clusterIps: readonly string[];
  readonly pings: Readonly<Record<'IPv4' | 'IPv6', Reachable>>;
  /** Addresses and routes of the host. */
  readonly inventory: readonly string[];
}

/** How a machine did. */
export interface Measured {
  /** Milliseconds from power-on until the host answered; absent before a reboot. */
  readonly answerMs?: number;
  /** The longest time without an answer from the host since its first one, in milliseconds. */
  readonly gapMs: number;
}

/** Boots a machine, and makes it a gateway of a cluster while pings run. */
export async function startSubject(
  t: ExecutionContext,
  suite: Suite,
  network: NetworkName,
): Promise<Subject> {
  await builtPackage();
  const started = await startMachine(suite, network);
  const { cluster, kubernetes, machine } = started;
  t.teardown(() => cluster.dispose());
  await serveTargets(cluster.outside, 'far', FAR_PORT, [FAR.v4, FAR.v6]);
  const pings = {
    IPv4: Reachable.start(cluster.outside, machine.v4),
    IPv6: Reachable.start(cluster.outside, machine.v6),
  };
  for (const watch of Object.values(pings)) await watch.firstAnswer(0, ANSWER_MS);
  const began = Date.now();
  const pod = await joinCluster(started);
  const gapMs = Math.max(...Object.values(pings).map((watch) => watch.longestGap(began).ms));
  t.log(`installed, moved and joined: longest gap ${Math.round(gapMs)} ms`);
  t.true(gapMs <= GAP_MS);
  await settled(machine);
  const inventory = await inventoryOf(machine);
  await pod.plug();
  const services = new NodeServices(cluster, kubernetes);
  const endpoints = pod.addresses.map((ip) => ({ ip, node: 'host' }));
  await services.serve('web', { nodePort: NODE_PORT }, pod.port, endpoints);
  const clusterIps = services.clusterIps.get('web') ?? [];
  const subject = { ...started, pod, clusterIps, pings, inventory, moved: { gapMs } };
  await allAnswer(subject);
  return subject;
}

/** Starts the machine, and checks that the host and its pod are as they were. */
export async function bootAgain(
  t: ExecutionContext,
  subject: Subject,
  what: string,
): Promise<Measured & { readonly connectedMs: number }> {
  const { machine, pod } = subject;
  const on = Date.now();
  const measured = await hostBootsAgain(t, subject, what);
  const before = pod.addresses;
  await pod.plug();
  t.deepEqual(pod.addresses, before);
  await allAnswer(subject);
  const connectedMs = Date.now() - on;
  t.log(`${what}: all connections are answered ${seconds(connectedMs)} after power-on`);
  await doctorFindsNothing(machine);
  return { ...measured, connectedMs };
}

/** Starts the machine, and checks that the host is as it was. */
export async function hostBootsAgain(t: ExecutionContext, subject: Subject, what: string): Promise<Measured> {
  const { machine, pings } = subject;
  const on = Date.now();
  await machine.start();
  await machine.booted();
  await settled(machine);
  const settledAt = Date.now();
  const up = await machine.entered('network-online.target');
  t.log(`${what}: network up ${seconds(up - on)} after power-on, units settled ${seconds(settledAt - on)}`);
  let [answerMs, gapMs] = [0, 0];
  for (const [family, watch] of Object.entries(pings)) {
    await until('more answers', () => when(watch.answers(settledAt).length >= QUIET_ANSWERS), ANSWER_MS);
    const first = await watch.firstAnswer(on, ANSWER_MS);
    const gap = watch.longestGap(first);
    t.log(
      `${what}: ${family}: first answer ${seconds(first - on)} after power-on; ` +
        `longest gap ${Math.round(gap.ms)} ms, ${seconds(gap.from - on)}; ` +
        `${watch.foreign(on)} answers of OVN's router`,
    );
    t.is(watch.foreign(on), 0, "answers of OVN's router, which the gate keeps from the NIC");
    t.true(first - up <= ANSWER_MS);
    t.true(gap.ms <= GAP_MS);
    answerMs = Math.max(answerMs, first - on);
    gapMs = Math.max(gapMs, gap.ms);
  }
  // It took the port of the boot before from OVN.
  t.is((await machine.attempt('systemctl', 'is-active', 'ovn-k8s-gateway-gate')).stdout, 'active');
  t.deepEqual(await inventoryOf(machine), subject.inventory);
  return { answerMs, gapMs };
}

/** Waits until the daemons' units are active. */
async function settled(machine: Machine): Promise<void> {
  for (const unit of UNITS) {
    const isActive = async () => (await machine.attempt('systemctl', 'is-active', unit)).stdout === 'active';
    await machine.waitFor(`${unit} to be active`, async () => when(await isActive()), SERVICE_MS);
  }
}

/** Waits until the pod reaches the outside, and outside, host and pod reach the pod's service, by TCP and UDP. */
async function allAnswer({ cluster, machine, pod, clusterIps }: Subject): Promise<void> {
  const service = [...targetsAt([machine.v4, machine.v6], NODE_PORT), ...targetsAt(clusterIps, 80)];
  const nodePort = service.filter(({ port }) => port === NODE_PORT);
  const far = targetsAt([FAR.v4, FAR.v6], FAR_PORT);
  const ways: Record<string, () => Promise<readonly string[]>> = {
    'the pod to reach the outside': async () => wrongOf(far, 'far', await pod.ask(far)),
    'the outside to reach the node port': async () =>
      wrongOf(nodePort, 'pod', await askTargets(cluster.outside, nodePort)),
    'the host to reach the service': async () => wrongOf(service, 'pod', await pod.askFromHost(service)),
  };
  for (const [what, ask] of Object.entries(ways)) {
    let wrong: readonly string[] = [];
    const isRight = async () => {
      wrong = await ask();
      return when(wrong.length === 0);
    };
    await machine.waitFor(what, isRight, SERVICE_MS).catch((error: unknown) => {
      throw new Error(`${wrong.join('\n')}\n${error}`, { cause: error });
    });
  }
}

/** Returns the targets that another server answers, or none. */
function wrongOf(targets: readonly Target[], server: string, answers: readonly TargetAnswer[]): string[] {
  return answers.flatMap(({ outcome }, index) => {
    const { protocol, address, port } = targets[index] ?? {};
    return outcome === server ? [] : [`${protocol} ${address} ${port}: ${outcome}`];
  });
}

/** Waits until `doctor` has no problem and no warning. */
async function doctorFindsNothing(machine: Machine): Promise<void> {
  let last = '';
  const isClean = async () => {
    const { exitCode, stdout } = await machine.attempt('ovn-k8s-util', 'doctor');
    last = stdout;
    return when(exitCode === 0 && stdout.endsWith('\nall is well'));
  };
  await machine.waitFor('doctor to find nothing', isClean, SERVICE_MS).catch((error: unknown) => {
    throw new Error(`${last}\n${error}`, { cause: error });
  });
}

/** Returns the addresses of NIC and bridge, and all routes, one a line. */
async function inventoryOf(machine: Machine): Promise<string[]> {
  const dumps = await Promise.all([
    machine.run('ip', '-brief', 'address', 'show', 'dev', 'eth0'),
    machine.run('ip', '-brief', 'address', 'show', 'dev', 'breth0'),
    machine.run('ip', '-4', 'route'),
    machine.run('ip', '-6', 'route'),
  ]);
  const lines = dumps.join('\n').split('\n');
  return lines
    .map((line) =>
      line
        .replace(/^eth0@\S+/, 'eth0')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .toSorted();
}
