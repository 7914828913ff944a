import { demuxFlows } from '../../src/demux/table.js';
import type { FlowChannel } from '../../src/openflow/channel.js';
import { CHANNELS, type ChannelName } from '../../src/openflow/channels.js';
import { GATEWAY, IP4 } from '../../test/demux/sample.js';
import type { Figure, Report, Section, Target } from '../figure.js';
import { Gateway } from '../lab/gateway.js';
import { Loop, REST_MS } from '../lab/loop.js';
import { Place } from '../lab/place.js';

const NAMES = ['ofctl', 'openflow'] as const satisfies readonly ChannelName[];
const COUNTS = [10, 100, 1_000, 10_000, 50_000];
const FEW = 100;
const MANY = 10_000;
const MOST = 50_000;
/** The node ports that come and go on top of those in place. */
const ON_TOP = 60_000;
const BURST = 1_000;
/** Until the echo of the first fill has been heard. */
const SETTLE_MS = 1_500;
const RUNS = { fill: 5, change: 50, turns: 10, burst: 10, replace: 10, look: 30 };
/** Changes in a row, in each turn. */
const IN_A_ROW = 10;

export const flows: Section = {
  name: 'flows',
  about: [
    'What it takes until ovs-vswitchd has taken flows, beside 10 to 50,000 others, from the start of a process to its end or',
    'from a change of a service to the answer of the switch; all in turns, on bridges of one ovs-vswitchd. The original: a',
    `process for each flow (of many: one, as often as there are flows). ovn-kubernetes: replace-flows of everything. Ours: the`,
    "helper's own loop in this process, on a real bridge, by each channel; each service is one flow. A burst is",
    `${BURST} services, handed out as a watch does, a few in a turn of the event loop, compared with one bundle of as many flows.`,
    `One change comes after ${REST_MS} ms in which nothing happens. Changes in a row: ${IN_A_ROW} by one, then ${IN_A_ROW} by the next, each as`,
    'soon as the flow before is there and taken away again, which does not count.',
    'A bare socket: one flow mod and a barrier, from a Node program that does nothing else: what the switch, the kernel and',
    'Node take of a change.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    const place = new Place(gateway);
    const measured: Measured[] = [];
    for (const count of COUNTS) measured.push(await measureAt(place, count));
    place.end();
    gateway.dispose();
    return { figures: [...measured.flatMap(figuresOf), ...growth(measured)] };
  },
};

/** How long each run of each thing took, in milliseconds. */
interface ByProcess {
  readonly fill: number[];
  readonly change: number[];
  readonly inRow: number[];
  /** By no process of its own, but an open socket: what no change can do without. */
  readonly bare: number[];
  readonly bareInRow: number[];
  readonly replace: number[];
  readonly burst: number[];
  readonly delete: number[];
}
interface ByLoop {
  readonly fill: number[];
  /** Of flows that are made already: what the channel alone takes. */
  readonly bundle: number[];
  readonly change: number[];
  readonly inRow: number[];
  readonly burst: number[];
  readonly look: number[];
  readonly delete: number[];
}

interface Measured {
  readonly count: number;
  readonly process: ByProcess;
  readonly ours: ReadonlyMap<ChannelName, ByLoop>;
}

async function measureAt(place: Place, count: number): Promise<Measured> {
  const [all, burst] = [await place.file('all', count), await place.file('burst', BURST, 8)];
  const process: ByProcess = {
    fill: [],
    change: [],
    inRow: [],
    bare: [],
    bareInRow: [],
    replace: [],
    burst: [],
    delete: [],
  };
  const ours = new Map(NAMES.map((name) => [name, newByLoop()]));
  for (let round = 0; round < RUNS.fill; round += 1) {
    process.fill.push(await place.addAll(all));
    process.delete.push(await place.delete('table=0'));
    for (const [name, samples] of ours) await fillOnce(place, name, count, samples);
  }
  await place.addAll(all);
  for (const [name, samples] of ours) await changeOnTop(place, name, count, samples, process);
  for (let round = 0; round < RUNS.replace; round += 1) process.replace.push(await place.replaceAll(all));
  for (let round = 0; round < RUNS.burst; round += 1) {
    process.burst.push(await place.addAll(burst));
    await place.delete('table=8');
  }
  await place.delete('table=0');
  return { count, process, ours };
}

function newByLoop(): ByLoop {
  return { fill: [], bundle: [], change: [], inRow: [], burst: [], look: [], delete: [] };
}

function open({ rundir }: Place, name: ChannelName): FlowChannel {
  return CHANNELS[name]({ bridge: 'breth0', rundir });
}

async function fillOnce(place: Place, name: ChannelName, count: number, samples: ByLoop): Promise<void> {
  const loop = await Loop.start(open(place, name));
  samples.fill.push(await timed(() => loop.add(1, count), loop, count));
  samples.delete.push(await timed(() => loop.remove(1, count), loop, 0));
  await loop.end();
  const nodePorts = Array.from({ length: count }, (_, i) => ({ protocol: 'tcp', port: 1 + i }) as const);
  const add = demuxFlows({ ...GATEWAY, addresses: [IP4], nodePorts });
  const channel = open(place, name);
  const start = performance.now();
  await channel.apply({ add, remove: [] });
  samples.bundle.push(performance.now() - start);
  await channel.apply({ add: [], remove: add });
}

async function changeOnTop(
  place: Place,
  name: ChannelName,
  count: number,
  samples: ByLoop,
  beside: ByProcess,
): Promise<void> {
  const oneProcess = async () => void beside.change.push(await place.addOne(1));
  const loop = await Loop.start(open(place, name));
  loop.add(1, count);
  await loop.has(count);
  await loop.rests(SETTLE_MS);
  for (let round = 0; round < RUNS.change; round += 1) {
    await loop.rests();
    await oneProcess();
    samples.change.push(await timed(() => loop.add(ON_TOP, 1), loop, count + 1));
    await loop.rests();
    await oneProcess();
    beside.bare.push(await place.addBare());
    await place.deleteBare();
    loop.remove(ON_TOP, 1);
    await loop.has(count);
  }
  for (let turn = 0; turn < RUNS.turns; turn += 1) await changeInRow(place, loop, count, samples, beside);
  const { bundles } = loop;
  for (let round = 0; round < RUNS.look; round += 1) {
    const start = performance.now();
    await loop.look();
    samples.look.push(performance.now() - start);
  }
  if (loop.bundles !== bundles) throw new Error('a look with nothing to do sent a bundle');
  for (let round = 0; round < RUNS.burst; round += 1) {
    await loop.rests();
    samples.burst.push(await timed(() => void loop.trickle(ON_TOP, BURST), loop, count + BURST));
    loop.remove(ON_TOP, BURST);
    await loop.has(count);
  }
  loop.remove(1, count);
  await loop.has(0);
  await loop.end();
}

async function changeInRow(
  place: Place,
  loop: Loop,
  count: number,
  samples: ByLoop,
  beside: ByProcess,
): Promise<void> {
  for (let i = 0; i < IN_A_ROW; i += 1) {
    samples.inRow.push(await timed(() => loop.add(ON_TOP, 1), loop, count + 1));
    loop.remove(ON_TOP, 1);
    await loop.has(count);
  }
  for (let i = 0; i < IN_A_ROW; i += 1) {
    await place.delete('table=7');
    beside.inRow.push(await place.addOne(1));
  }
  for (let i = 0; i < IN_A_ROW; i += 1) {
    beside.bareInRow.push(await place.addBare());
    await place.deleteBare();
  }
}

async function timed(change: () => void, loop: Loop, services: number): Promise<number> {
  const start = performance.now();
  change();
  await loop.has(services);
  return performance.now() - start;
}

function figuresOf({ count, process, ours }: Measured): Figure[] {
  const said = count.toLocaleString('en');
  const axis = 'flows in place (first fill, delete: flows put there, taken away)';
  const at = (plot: string, line: string) => ({ plot, line, x: count, axis });
  const figure = (
    plot: string,
    line: string,
    samples: readonly number[],
    more: Partial<Figure> = {},
  ): Figure => ({
    name: `${said}: ${plot}, ${line}`,
    unit: 'ms',
    samples,
    at: at(plot, line),
    ...more,
  });
  const one = figure('one change', 'a process', process.change);
  const bare = figure('one change', 'a bare socket', process.bare, { to: one });
  const row = figure('changes in a row', 'a process', process.inRow);
  const bareRow = figure('changes in a row', 'a bare socket', process.bareInRow, { to: row });
  const each = figure(
    'first fill',
    'a process each',
    process.change.map((sample) => sample * count),
  );
  const bundle = figure('first fill', 'add-flows of a file', process.fill);
  const replace = figure('one change', 'replace-flows of all', process.replace);
  const burst = figure(`burst of ${BURST}`, 'one bundle', process.burst);
  const gone = figure('delete', 'del-flows', process.delete);
  const references = [each, bundle, one, row, bare, bareRow, replace, burst, gone];
  return [
    ...references,
    ...[...ours].flatMap(([name, samples]): Figure[] => [
      figure('first fill', `${name}, services to flows`, samples.fill, { to: bundle }),
      figure('first fill', `${name}, flows that are made`, samples.bundle, {
        to: bundle,
        targets: count === MOST ? [{ of: 'median', as: 'ratio', atMost: 1.1 }] : [],
      }),
      figure('one change', name, samples.change, {
        to: one,
        targets: count === MANY ? ONE_CHANGE[name] : [],
      }),
      figure('changes in a row', name, samples.inRow, {
        to: row,
        targets: count === MANY ? IN_ROW[name] : [],
      }),
      ...(count === MANY
        ? [
            {
              name: `${said}: one change, ${name}, to replace-flows`,
              unit: 'ms',
              samples: samples.change,
              to: replace,
              targets: [{ of: 'median', as: 'ratio', atMost: 1 / 5 }],
            } as const,
            {
              name: `${said}: one change, ${name}, to a bare socket`,
              unit: 'ms',
              samples: samples.change,
              to: bare,
            } as const,
          ]
        : []),
      figure(`burst of ${BURST}`, name, samples.burst, {
        to: burst,
        targets: [{ of: 'median', as: 'ratio', atMost: 2 }],
      }),
      figure('nothing to do', name, samples.look, { to: one }),
      figure('delete', name, samples.delete, { to: gone }),
    ]),
  ];
}

const AS_A_PROCESS: Target = { of: 'median', as: 'ratio', atMost: 1.2 };
const THIRTY_TIMES: Target = { of: 'median', as: 'ratio', atMost: 1 / 30 };
const IN_ROW: Readonly<Record<ChannelName, readonly Target[]>> = {
  ofctl: [AS_A_PROCESS],
  openflow: [THIRTY_TIMES],
};
const ONE_CHANGE: Readonly<Record<ChannelName, readonly Target[]>> = {
  ofctl: [AS_A_PROCESS],
  openflow: [{ of: 'median', as: 'value', atMost: 0.5 }, THIRTY_TIMES],
};

/** Whether one change costs more where there are more flows. */
function growth(measured: readonly Measured[]): Figure[] {
  const samples = (count: number, name: ChannelName) =>
    measured.find((one) => one.count === count)?.ours.get(name)?.change ?? [];
  return NAMES.flatMap((name): Figure[] => {
    const few: Figure = {
      name: `one change at ${FEW}, ${name}`,
      unit: 'ms',
      samples: samples(FEW, name),
    };
    return [
      few,
      {
        name: `one change at ${MOST.toLocaleString('en')}, ${name}`,
        unit: 'ms',
        samples: samples(MOST, name),
        to: few,
        targets: [{ of: 'median', as: 'ratio', atMost: 1.3 }],
      },
    ];
  });
}
