import type { ClassName } from '../capture/counts.js';
import type { Classifier } from '../demux/classifier.js';
import type { Count } from '../demux/counters.js';
import type { PacketFields } from '../demux/packet_fields.js';
import { formatRole } from '../demux/port_role.js';
import type { GatewayState } from '../demux/state.js';
import { printableJson, printableLine } from '../net/printable.js';
import { extend, formatMatch, term } from '../openflow/match.js';
import type { Explanation } from './explanation.js';
import type { Trace } from './trace.js';

/** The switch's own answer for a packet, and whether it is the same. */
export interface Verification {
  readonly trace: Trace;
  readonly agrees: boolean;
}

/** Formats one packet as one JSON object on one line. */
export function explanationJson(explanation: Explanation, verification?: Verification): string {
  const { number: packet, class: name, flow, output } = explanation;
  const more = verification === undefined ? {} : { agrees: verification.agrees };
  return `${printableJson({ packet, class: name, flow, output, ...more })}\n`;
}

/** Formats one packet for people. */
export function formatExplanation(
  explanation: Explanation,
  state: GatewayState,
  verification?: Verification,
): string {
  const { number, class: name, flow, output, fields, isMalformed, quoted } = explanation;
  const lines = [
    ['packet', formatFields(fields) + (isMalformed ? ' (malformed)' : '')],
    ...(quoted === undefined ? [] : [['about', formatFields(quoted)]]),
    ['flow', flow ?? 'the capture holds too little of the packet'],
    ...(name === 'truncated' ? [] : [['output', output.join(', ') || 'dropped']]),
    ...(verification === undefined
      ? []
      : [['switch', verification.agrees ? 'agrees' : formatTrace(verification.trace, state)]]),
  ];
  const rows = lines.map(([key = '', value = '']) => `${printableLine(`  ${key.padEnd(7)} ${value}`)}\n`);
  return `${number}: ${name}\n${rows.join('')}`;
}

function formatTrace({ class: name, output }: Trace, state: GatewayState): string {
  const roles = output.map((port) => formatRole(port, state)).join(', ');
  return `DOES NOT AGREE: ${name ?? 'a flow that is not the helper’s'}, ${roles === '' ? 'dropped' : `to ${roles}`}`;
}

/** Formats fields as `ovs-ofctl` writes a match. */
function formatFields(fields: PacketFields): string {
  const isShown = (name: string, value: bigint) => value !== 0n || !['vlan_tci', 'nw_frag'].includes(name);
  const terms = [...fields]
    .filter(([name, value]) => isShown(name, value))
    .map(([name, value]) => term(name, value));
  return formatMatch(extend([], ...terms));
}

/** Formats packets and bytes of each class for people, in the columns of `demux/show`. */
export function formatCounts(classifier: Classifier): string {
  const rows = countRows(classifier).map(([name, { packets, bytes }]) => [
    name,
    String(packets),
    String(bytes),
  ]);
  const { malformed } = classifier;
  const remark = malformed === 0n ? '' : `${malformed} of these packets are malformed\n`;
  return [['class', 'packets', 'bytes'], ...rows]
    .map(
      ([name = '', packets = '', bytes = '']) =>
        `${name.padEnd(18)}${packets.padStart(14)}${bytes.padStart(18)}\n`,
    )
    .join('')
    .concat(remark);
}

/** Formats them as one JSON object, as `demux/show --json` does, with one more entry for truncated packets. */
export function countsJson(classifier: Classifier): string {
  const entries = countRows(classifier).map(([name, { packets, bytes }]) => [
    name,
    { packets: Number(packets), bytes: Number(bytes) },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries))}\n`;
}

function countRows(classifier: Classifier): (readonly [ClassName, Count])[] {
  return [...classifier.byClass(), ['truncated', classifier.truncated]];
}
