import { setTimeout as delay } from 'node:timers/promises';
import { Echoes, type EchoReport } from '../../lab/echoes.js';
import type { Host } from '../../lab/host.js';
import type { Figure, Report, Section } from '../figure.js';
import { HOST, OUTSIDE, startPlainHost } from '../lab/gateway.js';

const ROUNDS = 30;
/** The target for the longest time between two answers, in milliseconds. */
const MOST_MS = 5;
const REST_MS = 600;
/** The rounds in which the host is measured at rest too: each third. */
const REST_EACH = 3;
/** The part of a move in which the traffic changes the device, around the time at which its routes do. */
const WINDOW_MS = { before: 20, after: 100 };
const WAYS = ['IPv4 to the host', 'IPv6 to the host', 'IPv4 from the host', 'IPv6 from the host'] as const;
const PHASES = ['at rest on the NIC', 'to the bridge', 'at rest on the bridge', 'back'] as const;

export const nicGap: Section = {
  name: 'nic-gap',
  about: [
    'A host outside and the moved host send each other an echo request every millisecond, in both families, while the NIC',
    `moves to a bridge and back. The longest time between two answers, from ${WINDOW_MS.before} ms before the routes move until ${WINDOW_MS.after} ms`,
    'after it, and all requests without an answer. On the bridge the userspace datapath carries each packet in a process of its',
    'own: "at rest on the bridge" shows what that costs on this machine without a move, in a window as long.',
  ],

  async measure(): Promise<Report> {
    const { lab, host, outside } = await startPlainHost();
    const program = await Echoes.build(lab);
    const gaps = new Map<string, number[]>();
    const lost = new Map<string, number[]>();
    let sent = 0;
    const during = async (phase: (typeof PHASES)[number], task: () => Promise<unknown>) => {
      const monitor = host.net.spawn(['ip', '-ts', 'monitor', 'route']);
      const [into, out] = await Promise.all([
        Echoes.start(program, outside, HOST.v4, HOST.v6),
        Echoes.start(program, host.net, OUTSIDE.v4, OUTSIDE.v6),
      ]);
      const middle = Date.now() + REST_MS / 2;
      await task();
      await monitor.stop('SIGINT');
      const at = timeOfMove(monitor.output) ?? middle;
      const reports = [...(await into.close()), ...(await out.close())];
      for (const [index, report] of reports.entries()) {
        const name = `${phase}, ${WAYS[index]}`;
        gaps.set(name, [...(gaps.get(name) ?? []), longestAround(at, report)]);
        lost.set(name, [...(lost.get(name) ?? []), report.lost]);
        sent += report.sent;
      }
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const isWithRest = round % REST_EACH === 0;
      if (isWithRest) await during('at rest on the NIC', () => delay(REST_MS));
      await during('to the bridge', () => util(host, 'nics-to-bridge', '--datapath-type=netdev', 'eth0'));
      if (isWithRest) await during('at rest on the bridge', () => delay(REST_MS));
      await during('back', () => util(host, 'bridge-to-nics', 'breth0'));
    }
    lab.dispose();
    return {
      figures: WAYS.flatMap((way) => figuresOf(way, gaps, lost)),
      notes: [`${sent} requests were sent.`],
    };
  },
};

function figuresOf(
  way: (typeof WAYS)[number],
  gaps: ReadonlyMap<string, readonly number[]>,
  lost: ReadonlyMap<string, readonly number[]>,
): Figure[] {
  const gap = (phase: (typeof PHASES)[number]): Figure => {
    const name = `${phase}, ${way}`;
    return { name, unit: 'ms', samples: gaps.get(name) ?? [] };
  };
  const loss = (phase: (typeof PHASES)[number]): Figure => {
    const samples = lost.get(`${phase}, ${way}`) ?? [];
    return {
      name: `${phase}, ${way}, lost`,
      unit: 'requests',
      samples,
      targets: [{ of: 'p99', as: 'value', atMost: 0 }],
    };
  };
  const target = { of: 'p99', as: 'value', atMost: MOST_MS } as const;
  const rest = gap('at rest on the bridge');
  return [
    gap('at rest on the NIC'),
    rest,
    ...(['to the bridge', 'back'] as const).flatMap((phase) => [
      { ...gap(phase), to: rest, targets: [target] },
      loss(phase),
    ]),
  ];
}

/** Returns when the default route moved, in milliseconds since 1970, from the output of `ip -ts monitor route`. */
function timeOfMove(output: string): number | undefined {
  const [, at] = /^\[([\d:.T-]+)\] default via /m.exec(output) ?? [];
  return at === undefined ? undefined : new Date(at).getTime();
}

/** Returns the longest time between two answers that overlaps with the window around `at`; 2 ms if none is longer. */
function longestAround(at: number, { gaps }: EchoReport): number {
  const [start, end] = [at - WINDOW_MS.before, at + WINDOW_MS.after];
  return Math.max(
    2,
    ...gaps.filter((gap) => gap.startMs < end && gap.startMs + gap.ms > start).map(({ ms }) => ms),
  );
}

async function util(host: Host, ...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run('ovn-k8s-util', args);
  if (exitCode !== 0) throw new Error(`ovn-k8s-util ${args.join(' ')} exited with ${exitCode}: ${stderr}`);
}
