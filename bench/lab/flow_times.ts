import { demuxFlows } from '../../src/demux/table.js';
import type { FlowChannel } from '../../src/openflow/channel.js';
import { CHANNELS, type ChannelName } from '../../src/openflow/channels.js';
import { GATEWAY, IP4 } from '../../test/demux/sample.js';
import { Loop } from './loop.js';
import type { Place } from './place.js';

export const CHANNEL_NAMES = ['ofctl', 'openflow'] as const satisfies readonly ChannelName[];
/** The first node port that comes and goes, above those in place. */
const ON_TOP = 60_000;
/** The first node port; no service gets port 22. */
const FIRST = 1_024;
export const BURST = 1_000;
/** Milliseconds until the switch has reported all changes of the first fill. */
const SETTLE_MS = 1_500;
const RUNS = { fill: 5, change: 50, turns: 10, burst: 10, replace: 10, look: 30 };
/** The number of changes in a row, in each turn. */
export const IN_A_ROW = 10;

/** The duration of each run with a process, in milliseconds. */
interface ByProcess {
  readonly fill: number[];
  readonly change: number[];
  readonly inRow: number[];
  /** Without a new process, on an open socket: the minimum for any change. */
  readonly bare: number[];
  readonly bareInRow: number[];
  readonly replace: number[];
  readonly burst: number[];
  readonly delete: number[];
}
interface ByLoop {
  readonly fill: number[];
  /** With flows that are computed already: the channel's share of the time. */
  readonly bundle: number[];
  readonly change: number[];
  readonly inRow: number[];
  readonly burst: number[];
  readonly look: number[];
  readonly delete: number[];
}

export interface FlowTimes {
  readonly count: number;
  readonly process: ByProcess;
  readonly ours: ReadonlyMap<ChannelName, ByLoop>;
}

/** Measures all times with `count` flows in place. */
export async function timeFlows(place: Place, count: number): Promise<FlowTimes> {
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
  const ours = new Map(CHANNEL_NAMES.map((name) => [name, newByLoop()]));
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
  samples.fill.push(await timed(() => loop.add(FIRST, count), loop, count));
  samples.delete.push(await timed(() => loop.remove(FIRST, count), loop, 0));
  await loop.end();
  const nodePorts = Array.from({ length: count }, (_, i) => ({ protocol: 'tcp', port: FIRST + i }) as const);
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
  loop.add(FIRST, count);
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
  loop.remove(FIRST, count);
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
