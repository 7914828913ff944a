import type { ExecutionContext } from 'ava';
import { type Cluster, FAR } from '../../lab/cluster.js';
import type { Machine } from '../../lab/machine/machine.js';
import type { NetworkName } from '../../lab/machine/network.js';
import { joinCluster, startMachine } from '../../lab/machine/node.js';
import type { MachinePod } from '../../lab/machine/pod.js';
import { builtPackage } from '../../lab/machine/product.js';
import { Reachable } from '../../lab/machine/reachable.js';
import type { Suite } from '../../lab/machine/tree.js';
import { until, when } from '../../lab/until.js';

/** Milliseconds after the machine's network is up until the host answers. */
const ANSWER_MS = 10_000;
/** Milliseconds for which the host may be silent while the move is done or repeated. */
const GAP_MS = 1_000;
/** Answers that must come after the units have started. */
const QUIET_ANSWERS = 100;
/** Milliseconds until a unit is active, or a pod reaches the outside. */
const SERVICE_MS = 30_000;
const UNITS = ['ovn-k8s-node', 'ovn-k8s-gateway-helper'];

/** A gateway that boots, and what it must be like after each boot. */
export interface Subject {
  readonly cluster: Cluster;
  readonly machine: Machine;
  readonly pod: MachinePod;
  readonly pings: Readonly<Record<'IPv4' | 'IPv6', Reachable>>;
  /** Addresses and routes of the host. */
  readonly inventory: readonly string[];
}

/** Boots a machine, and makes it a gateway of a cluster while pings run. */
export async function startSubject(
  t: ExecutionContext,
  suite: Suite,
  network: NetworkName,
): Promise<Subject> {
  await builtPackage();
  const { cluster, machine } = await startMachine(suite, network);
  t.teardown(() => cluster.dispose());
  const pings = {
    IPv4: Reachable.start(cluster.outside, machine.v4),
    IPv6: Reachable.start(cluster.outside, machine.v6),
  };
  for (const watch of Object.values(pings)) await watch.firstAnswer(0, ANSWER_MS);
  const began = Date.now();
  const pod = await joinCluster(cluster, machine);
  for (const [family, watch] of Object.entries(pings)) {
    const { ms } = watch.longestGap(began);
    t.log(`installed, moved and joined: ${family}: longest gap ${Math.round(ms)} ms`);
    t.true(ms <= GAP_MS);
  }
  await settled(machine);
  const subject = { cluster, machine, pod, pings, inventory: await inventoryOf(machine) };
  await pod.plug();
  await reachesOutside(subject);
  return subject;
}

/** Starts the machine, and checks that the host and its pod are as they were. */
export async function bootAgain(t: ExecutionContext, subject: Subject, what: string): Promise<void> {
  const { pod } = subject;
  const on = Date.now();
  await hostBootsAgain(t, subject, what);
  await pod.plug();
  await reachesOutside(subject);
  t.log(`${what}: the pod reaches outside ${seconds(Date.now() - on)} after power-on`);
}

/** Starts the machine, and checks that the host is as it was. */
export async function hostBootsAgain(t: ExecutionContext, subject: Subject, what: string): Promise<void> {
  const { machine, pings } = subject;
  const on = Date.now();
  await machine.start();
  await machine.booted();
  await settled(machine);
  const settledAt = Date.now();
  const up = await machine.entered('network-online.target');
  t.log(`${what}: network up ${seconds(up - on)} after power-on, units settled ${seconds(settledAt - on)}`);
  for (const [family, watch] of Object.entries(pings)) {
    await until('more answers', () => when(watch.answers(settledAt).length >= QUIET_ANSWERS), ANSWER_MS);
    const first = await watch.firstAnswer(on, ANSWER_MS);
    const gap = watch.longestGap(first);
    t.log(
      `${what}: ${family}: first answer ${seconds(first - on)} after power-on; ` +
        `longest gap ${Math.round(gap.ms)} ms, ${seconds(gap.from - on)}; ` +
        `${watch.foreign(on)} answers of OVN's router`,
    );
    t.true(first - up <= ANSWER_MS);
    t.true(gap.ms <= GAP_MS);
  }
  t.deepEqual(await inventoryOf(machine), subject.inventory);
}

/** Waits until the daemons' units are active. */
async function settled(machine: Machine): Promise<void> {
  for (const unit of UNITS) {
    const isActive = async () => (await machine.attempt('systemctl', 'is-active', unit)).stdout === 'active';
    await machine.waitFor(`${unit} to be active`, async () => when(await isActive()), SERVICE_MS);
  }
}

async function reachesOutside({ machine, pod }: Subject): Promise<void> {
  for (const far of [FAR.v4, FAR.v6])
    await machine.waitFor(`the pod to reach ${far}`, async () => when(await pod.reaches(far)), SERVICE_MS);
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

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
