import type { PacketClass } from '../demux/classes.js';
import type { Classifier } from '../demux/classifier.js';
import type { Count } from '../demux/counters.js';
import { type PacketFields, roleOf } from '../demux/explain.js';
import type { GatewayState } from '../demux/state.js';
import { extend, formatMatch, term } from '../openflow/match.js';
import type { Explanation } from './explanation.js';
import type { Trace } from './trace.js';

/** What the switch said, where it was asked. */
export interface Verified {
  readonly trace: Trace;
  readonly agrees: boolean;
}

/** One packet as one JSON object, on a line of its own. */
export function explanationJson(explanation: Explanation, verified?: Verified): string {
  const { number: packet, class: name, flow, output } = explanation;
  const more = verified === undefined ? {} : { agrees: verified.agrees };
  return `${JSON.stringify({ packet, class: name, flow, output, ...more })}\n`;
}

/** One packet for people. */
export function formatExplanation(
  explanation: Explanation,
  state: GatewayState,
  verified?: Verified,
): string {
  const { number, class: name, flow, output, fields, isMalformed, quoted } = explanation;
  const lines = [
    ['packet', formatFields(fields) + (isMalformed ? ' (malformed)' : '')],
    ...(quoted === undefined ? [] : [['about', formatFields(quoted)]]),
    ['flow', flow ?? 'the capture holds too little of the packet to tell'],
    ...(name === 'truncated' ? [] : [['output', output.join(', ') || 'dropped']]),
    ...(verified === undefined
      ? []
      : [['switch', verified.agrees ? 'agrees' : formatTrace(verified.trace, state)]]),
  ];
  const rows = lines.map(([key = '', value = '']) => `  ${key.padEnd(7)} ${value}\n`);
  return `${number}: ${name}\n${rows.join('')}`;
}

function formatTrace({ class: name, output }: Trace, state: GatewayState): string {
  const roles = output.map((port) => roleOf(port, state)).join(', ');
  return `DOES NOT AGREE: ${name ?? 'a flow that is not the helper’s'}, to ${roles || 'nobody'}`;
}

/** Fields as `ovs-ofctl` writes a match. */
function formatFields(fields: PacketFields): string {
  const isThere = (name: string, value: bigint) => value !== 0n || !['vlan_tci', 'nw_frag'].includes(name);
  const terms = [...fields]
    .filter(([name, value]) => isThere(name, value))
    .map(([name, value]) => term(name, value));
  return formatMatch(extend([], ...terms));
}

/** Packets and bytes of each class, for people: a table as `demux/show` prints it. */
export function formatCounts(classifier: Classifier): string {
  const rows = countRows(classifier).map(([name, { packets, bytes }]) => [
    name,
    String(packets),
    String(bytes),
  ]);
  const { malformed } = classifier;
  const remark = malformed === 0n ? '' : `${malformed} of these packets were malformed\n`;
  return [['class', 'packets', 'bytes'], ...rows]
    .map(
      ([name = '', packets = '', bytes = '']) =>
        `${name.padEnd(18)}${packets.padStart(14)}${bytes.padStart(18)}\n`,
    )
    .join('')
    .concat(remark);
}

/** The same as an object with an entry a class, as `demux/show --json`, and one for truncated packets. */
export function countsJson(classifier: Classifier): string {
  const entries = countRows(classifier).map(([name, { packets, bytes }]) => [
    name,
    { packets: Number(packets), bytes: Number(bytes) },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries))}\n`;
}

function countRows(classifier: Classifier): (readonly [PacketClass | 'truncated', Count])[] {
  return [...classifier.byClass(), ['truncated', classifier.truncated]];
}
