import { demuxFlows } from '../../src/demux/table.js';
import { JsonSplitter } from '../../src/net/json_stream.js';
import { formatBundle } from '../../src/openflow/bundle.js';
import { parseDumpedFlow } from '../../src/openflow/flow.js';
import { byKey, diffFlows } from '../../src/openflow/reconcile.js';
import { GATEWAY } from '../../test/demux/sample.js';
import type { Figure, Report, Section } from '../figure.js';
import { dumpOf } from '../lab/dump.js';
import { timeCalls } from '../lab/in_process.js';
import { timeProcess } from '../processes.js';

const STARTS = 50;
const SERVICES = 500;
const CHUNK_BYTES = 64 * 1024;

export const looks: Section = {
  name: 'in-process',
  about: [
    'In this process, with benchmark.js: what a step of the helper computes, for a gateway without services and for one with',
    `${SERVICES} node ports, compared with the start of one ovs-ofctl. The splitter of a JSON stream into messages, compared with`,
    'JSON.parse of the same bytes.',
  ],

  async measure(): Promise<Report> {
    const starts = Array.from({ length: STARTS }, () => timeProcess(['ovs-ofctl', '--version']));
    const process: Figure = { name: 'ovs-ofctl --version', unit: 'ms', samples: starts };
    return { figures: [process, ...(await work(process)), ...(await splitting())] };
  },
};

/** Measures the computations of a step: making, printing, parsing and comparing flows. */
async function work(reference: Figure): Promise<Figure[]> {
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
    const steps: readonly (readonly [string, () => unknown])[] = [
      ['make', () => demuxFlows(state)],
      ['print', () => [...formatBundle({ add: desired, remove: [] })]],
      ['parse', read],
      ['compare', () => diffFlows(byKey(desired), byKey(installed))],
    ];
    for (const [verb, call] of steps) {
      const name = `${verb} ${desired.length} flows`;
      figures.push({ name, unit: 'ms', samples: await timeCalls(name, call), to: reference });
    }
  }
  return figures;
}

/** Measures the splitter on a monitor's first reply, in chunks as a socket delivers them. */
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
