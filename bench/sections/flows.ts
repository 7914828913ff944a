import { demuxFlows } from '../../src/demux/table.js';
import { JsonSplitter } from '../../src/net/json_stream.js';
import { formatBundle } from '../../src/openflow/bundle.js';
import { parseDumpedFlow } from '../../src/openflow/flow.js';
import { byKey, diffFlows } from '../../src/openflow/reconcile.js';
import { GATEWAY } from '../../test/demux/sample.js';
import type { Figure, Report, Section } from '../figure.js';
import { dumpOf } from '../lab/dump.js';
import { Gateway } from '../lab/gateway.js';
import { timeCalls } from '../lab/in_process.js';
import { timeProcess } from '../processes.js';

const COUNTS = [10, 100, 1000];
const BUNDLES = 20;
/** One process a flow is so slow that a few say enough; the time of more flows is that of as many more processes. */
const MOST_PROCESSES = 100;
const SERVICES = 500;
const CHUNK_BYTES = 64 * 1024;

export const flows: Section = {
  name: 'flows',
  about: [
    'In this process, with benchmark.js: the flows of a gateway and what is done with them at each look at the switch,',
    `for a gateway without services and for one with ${SERVICES} node ports, compared with one ovs-ofctl process; and what cuts a`,
    'stream of JSON into messages, compared with JSON.parse of the same bytes.',
    'Flows given to ovs-vswitchd one ovs-ofctl process each, and all as one bundle, in turns; the time of a process each',
    `is reckoned from at most ${MOST_PROCESSES} of them.`,
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    const target = `unix:${gateway.socket('br-int')}`;
    const one = processEach(target, 100);
    const process: Figure = { name: 'one ovs-ofctl', unit: 'ms', samples: one };
    const figures = [process, ...(await looks(process)), ...(await splitting()), ...carrying(target)];
    gateway.dispose();
    return { figures };
  },
};

/** What the helper does in its own process at each look. */
async function looks(reference: Figure): Promise<Figure[]> {
  const nodePorts = Array.from(
    { length: SERVICES },
    (_, i) => ({ protocol: 'tcp', port: 30_000 + i }) as const,
  );
  const figures: Figure[] = [];
  for (const state of [GATEWAY, { ...GATEWAY, nodePorts }]) {
    const desired = demuxFlows(state);
    const dump = dumpOf(desired);
    const read = () => dump.split('\n').flatMap((line) => parseDumpedFlow(line) ?? []);
    const installed = read();
    const work: readonly (readonly [string, () => unknown])[] = [
      ['make', () => demuxFlows(state)],
      ['print', () => formatBundle({ add: desired, remove: [] })],
      ['parse', read],
      ['compare', () => diffFlows(byKey(desired), byKey(installed))],
    ];
    for (const [verb, call] of work) {
      const name = `${verb} ${desired.length} flows`;
      figures.push({ name, unit: 'ms', samples: await timeCalls(name, call), to: reference });
    }
  }
  return figures;
}

/** The first reply of a monitor, in chunks as a socket delivers them. */
async function splitting(): Promise<Figure[]> {
  const message = JSON.stringify({ id: 1, error: null, result: { Bridge: rows(10_000) } });
  const bytes = Buffer.from(message);
  const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, i) =>
    bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
  );
  const megabytes = (bytes.length / 1e6).toFixed(1);
  const name = `JSON.parse of ${megabytes} MB`;
  const whole: Figure = { name, unit: 'ms', samples: await timeCalls(name, () => JSON.parse(message)) };
  const split = await timeCalls('split', () => {
    const splitter = new JsonSplitter();
    return chunks.flatMap((chunk) => splitter.push(chunk));
  });
  return [whole, { name: `split ${megabytes} MB`, unit: 'ms', samples: split, to: whole }];
}

function rows(count: number): Record<string, unknown> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `00000000-0000-0000-0000-${i.toString(16).padStart(12, '0')}`,
      { new: { name: `port "${i}" of {many}`, external_ids: ['map', [['iface-id', `namespace_pod-${i}`]]] } },
    ]),
  );
}

function carrying(target: string): Figure[] {
  return COUNTS.flatMap((count) => {
    const input = Array.from({ length: count }, (_, i) => `add ${flowNumber(i)}\n`).join('');
    const each: number[] = [];
    const bundle: number[] = [];
    const processes = Math.min(count, MOST_PROCESSES);
    for (let round = 0; round < BUNDLES; round += 1) {
      const times = processEach(target, Math.max(1, processes / BUNDLES));
      each.push((times.reduce((sum, one) => sum + one, 0) / times.length) * count);
      bundle.push(
        timeProcess(['ovs-ofctl', '-OOpenFlow14', '--bundle', 'add-flows', target, '-'], { input }),
      );
    }
    const oneByOne: Figure = { name: `${count} flows, a process each`, unit: 'ms', samples: each };
    return [oneByOne, { name: `${count} flows, one bundle`, unit: 'ms', samples: bundle, to: oneByOne }];
  });
}

function processEach(target: string, count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    timeProcess(['ovs-ofctl', 'add-flow', target, flowNumber(i)]),
  );
}

function flowNumber(i: number): string {
  return `priority=${100 + (i % 50)},tcp,tp_dst=${1 + i},actions=drop`;
}
