import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, type Node, startCluster } from '../../lab/cluster.js';
import { masterInit, minionInit, overlayWell } from '../../lab/overlay.js';
import { until, when } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import { BalancerRows, type Layout } from '../lab/balancer_rows.js';
import { FlowMonitor } from '../lab/flow_monitor.js';

const NODES = ['master', 'gw1', 'n2'] as const;
const LAYOUTS: readonly Layout[] = ['one row', 'rows in a group'];
/** How many services there are, how often both layouts are written, and how often each is changed then. */
const SIZES = [
  { count: 3_000, rounds: 2, changes: 8 },
  { count: 10_000, rounds: 1, changes: 8 },
] as const;
/** The first release whose ovn-northd processes a change of a load balancer incrementally. */
const INCREMENTAL_SINCE = 23.09;
const QUIET_MS = 100;

export const serviceRows: Section = {
  name: 'service_rows',
  about: [
    'Three hosts with ovn-controller. One endpoint of one service changes in the northbound database: time from the',
    "transaction's start until the last host's br-int has the flow with the new address, as an ovs-ofctl monitor --timestamp",
    'reports it, and the processor time of ovn-controller on a host. All virtual addresses in one row, as in the original,',
    'alternate with a row for each in one group.',
  ],

  async measure(): Promise<Report> {
    const cluster = await startCluster({ nodes: NODES });
    await overlayWell(cluster.master, ...masterInit(cluster.master, 1));
    for (const [index, label] of NODES.entries())
      if (index > 0) await overlayWell(cluster.node(label), ...minionInit(cluster.node(label), index + 1));
    await cluster.settled();
    const rows = await BalancerRows.open(cluster.master.host, NODES);
    const figures: Figure[] = [];
    for (const size of SIZES) figures.push(...(await compare(cluster, rows, size)));
    rows.close();
    cluster.dispose();
    return { figures, notes: [northdRelease()] };
  },
};

interface Samples {
  readonly milliseconds: number[];
  readonly cpu: number[];
}

async function compare(
  cluster: Cluster,
  rows: BalancerRows,
  { count, rounds, changes }: (typeof SIZES)[number],
): Promise<Figure[]> {
  const samples = new Map(LAYOUTS.map((layout) => [layout, { milliseconds: [], cpu: [] } as Samples]));
  for (let round = 0; round < rounds; round += 1)
    for (const [layout, { milliseconds, cpu }] of samples) {
      const change = await rows.write(layout, count);
      await cluster.nbctl('--timeout=90', '--wait=hv', 'sync');
      // The first change is not measured: vswitchd may still install the flows of all services.
      for (let i = 0; i <= changes; i += 1) {
        const number = (i * 397 + round) % count;
        const address = `10.${160 + round}.0.${1 + i}`;
        const one = await timeChange(cluster, address, (target) => change(number, target));
        if (i === 0) continue;
        milliseconds.push(one.milliseconds);
        cpu.push(one.cpu);
      }
      await rows.clear();
      await cluster.nbctl('--timeout=90', '--wait=hv', 'sync');
    }
  return figuresOf(samples, count);
}

/** Changes an endpoint to a new address; returns the time until all hosts have its flow, and the CPU of a controller. */
async function timeChange(
  cluster: Cluster,
  address: string,
  change: (target: string) => Promise<void>,
): Promise<{ readonly milliseconds: number; readonly cpu: number }> {
  const isNew = new RegExp(`nw_src=${address.replaceAll('.', '\\.')}\\b`);
  const arrivals = new Map<Node, number>();
  const monitors = await Promise.all(
    cluster.nodes.map((node) =>
      FlowMonitor.open(`${node.host.rundir}/br-int.mgmt`, 'watch:!initial', (line, atMs) => {
        if (isNew.test(line)) arrivals.set(node, atMs);
      }),
    ),
  );
  const before = await quietCpu(cluster);
  const began = Date.now();
  await change(`${address}:8080`);
  await until(`flows with ${address}`, () => when(arrivals.size === cluster.nodes.length), 30_000);
  const cpu = ((await quietCpu(cluster)) - before) / cluster.nodes.length;
  for (const monitor of monitors) monitor.close();
  return { milliseconds: Math.max(...arrivals.values()) - began, cpu };
}

/** Waits until no ovn-controller works; returns the milliseconds of processor time that all of them have used. */
async function quietCpu(cluster: Cluster): Promise<number> {
  let before = Number.NaN;
  return until(
    'idle controllers',
    async () => {
      const now = await controllersCpu(cluster);
      const isQuiet = now - before < 0.5;
      before = now;
      if (isQuiet) return now;
      await pause(QUIET_MS);
      return undefined;
    },
    60_000,
  );
}

async function controllersCpu(cluster: Cluster): Promise<number> {
  const each = await Promise.all(
    cluster.nodes.map(async ({ host }) => {
      const pid = (await readFile(join(host.dir, 'ovn/ovn-controller.pid'), 'utf8')).trim();
      const tasks = await readdir(`/proc/${pid}/task`);
      const times = await Promise.all(
        tasks.map(async (task) => {
          const [nanoseconds] = (await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ');
          return Number(nanoseconds) / 1e6;
        }),
      );
      return times.reduce((sum, one) => sum + one, 0);
    }),
  );
  return each.reduce((sum, one) => sum + one, 0);
}

function figuresOf(samples: ReadonlyMap<Layout, Samples>, count: number): Figure[] {
  const of = (layout: Layout, what: keyof Samples) => samples.get(layout)?.[what] ?? [];
  const name = (layout: Layout, what: string) => `${count} services, ${layout}, ${what}`;
  return (['milliseconds', 'cpu'] as const).flatMap((what): Figure[] => {
    const title = what === 'cpu' ? 'CPU' : 'change to flows';
    const reference: Figure = { name: name('one row', title), unit: 'ms', samples: of('one row', what) };
    const target = { of: 'median', as: 'ratio', atMost: what === 'cpu' ? 1 / 10 : 1 / 5 } as const;
    return [
      reference,
      {
        name: name('rows in a group', title),
        unit: 'ms',
        samples: of('rows in a group', what),
        to: reference,
        targets: [target],
      },
    ];
  });
}

/** Returns the release of ovn-northd, and whether it computes everything anew after a change of a load balancer. */
function northdRelease(): string {
  const [name = ''] = execFileSync('ovn-northd', ['--version'], { encoding: 'utf8' }).split('\n');
  const [, release] = /(\d+\.\d+)/.exec(name) ?? [];
  const way =
    Number(release) < INCREMENTAL_SINCE ? 'computes everything anew after' : 'processes incrementally';
  return `${name} ${way} a change of a load balancer.`;
}
