// `ovn-k8s-util explain`: what the gateway's bridge does with a packet, and why; it sends no packet and changes nothing.
// `explanation.ts` follows the packet through the flows of the helper's state; `trace.ts` asks the switch the same.
// `tuple_frame.ts` builds a packet from words, `report.ts` prints, `batches.ts` classifies whole captures.
import { type CapturedPacket, ENOUGH, readCapture } from '../capture/capture_file.js';
import { Classifier } from '../demux/classifier.js';
import type { NamedRole } from '../demux/port_role.js';
import type { GatewayState } from '../demux/state.js';
import type { CtState } from '../openflow/ct_state.js';
import type { Ofport } from '../openflow/ofport.js';
import { Batches } from './batches.js';
import { agrees, type Explanation, frameExplainer, inPortOf } from './explanation.js';
import { countsJson, explanationJson, formatCounts, formatExplanation, type Verification } from './report.js';
import { readState, unsettledWarning } from './state_source.js';
import { ReaderGone, SyncOutput } from './sync_output.js';
import { type TraceTarget, traceFrame } from './trace.js';
import { type LinkAddresses, tupleFrame } from './tuple_frame.js';

/** Where to read the packets. */
export type PacketSource =
  | { readonly kind: 'pcap'; readonly path: string }
  | { readonly kind: 'hex'; readonly frames: readonly Buffer[] }
  | { readonly kind: 'tuple'; readonly words: readonly string[]; readonly link: LinkAddresses };

export interface ExplainOptions {
  readonly source: PacketSource;
  readonly from: NamedRole;
  /** A file with the state; `undefined`: ask the running helper. */
  readonly stateFile: string | undefined;
  readonly ct: CtState;
  readonly verify: boolean;
  readonly count: boolean;
  readonly json: boolean;
  readonly rundir: string;
  readonly timeoutMs: number;
}

type OnPacket = (packet: CapturedPacket) => typeof ENOUGH | undefined;

/** How many packets are read ahead of the one that the switch is asked about. */
const READ_AHEAD = 1000;

/**
 * Explains each packet on standard output.
 * @returns whether the switch agreed on every packet that it was asked about
 * @throws ProductError if a packet cannot be read, after the packets before it have been explained
 */
export async function runExplain(options: ExplainOptions): Promise<boolean> {
  const state = await readState(options.stateFile, options.rundir, options.timeoutMs);
  await warn(options);
  const output = new SyncOutput();
  try {
    if (options.count) await count(options, state, output);
    else if (options.verify) return await verifyAll(options, state, output);
    else await explainAll(options, state, output);
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
  return true;
}

/** Warns on standard error if the switch does not do now what the helper's state says. */
async function warn({ stateFile, rundir, timeoutMs }: ExplainOptions): Promise<void> {
  if (stateFile !== undefined) return;
  // A switch that is away can keep the helper from answering in time; its state is there all the same.
  const warning = await unsettledWarning(rundir, timeoutMs).catch(() => undefined);
  if (warning !== undefined) process.stderr.write(`ovn-k8s-util: ${warning}\n`);
}

async function count(options: ExplainOptions, state: GatewayState, output: SyncOutput): Promise<void> {
  const classifier = new Classifier(state);
  const batches = new Batches(classifier, options.from, options.ct !== 'new');
  inPortOf(state, options.from);
  try {
    await read(options, state, ({ frame, wireLength }) => {
      batches.add(frame, wireLength);
      return undefined;
    });
  } finally {
    batches.flush();
    output.write(options.json ? countsJson(classifier) : formatCounts(classifier));
    output.flush();
  }
}

async function explainAll(options: ExplainOptions, state: GatewayState, output: SyncOutput): Promise<void> {
  const explain = frameExplainer(state, options.from, options.ct);
  try {
    await read(options, state, ({ number, frame, wireLength }) => {
      const explanation = explain(number, frame, wireLength);
      output.write(options.json ? explanationJson(explanation) : formatExplanation(explanation, state));
      return undefined;
    });
  } finally {
    output.flush();
  }
}

/** Asks the switch about each packet. libpcap reads a file in one go, so each part is read from the file's start. */
async function verifyAll(options: ExplainOptions, state: GatewayState, output: SyncOutput): Promise<boolean> {
  const explain = frameExplainer(state, options.from, options.ct);
  const inPort = inPortOf(state, options.from);
  const { rundir, timeoutMs } = options;
  const target: TraceTarget = { bridge: state.bridge, rundir, timeoutMs };
  let allAgree = true;
  for (let done = 0; ; done += READ_AHEAD) {
    const { packets, failure } = await readPart(options, state, done);
    for (const { number, frame, wireLength } of packets) {
      const explanation = explain(number, frame, wireLength);
      const verification = await verify(explanation, {
        target,
        inPort,
        state,
        ct: options.ct,
        frame,
        wireLength,
      });
      allAgree &&= verification?.agrees ?? true;
      output.write(
        options.json
          ? explanationJson(explanation, verification)
          : formatExplanation(explanation, state, verification),
      );
      output.flush();
    }
    if (failure !== undefined) throw failure.error;
    if (packets.length < READ_AHEAD) return allAgree;
  }
}

async function readPart(options: ExplainOptions, state: GatewayState, done: number) {
  const packets: CapturedPacket[] = [];
  try {
    await read(options, state, (packet) => {
      if (packet.number <= done) return undefined;
      packets.push({ ...packet, frame: Uint8Array.from(packet.frame) });
      return packets.length === READ_AHEAD ? ENOUGH : undefined;
    });
    return { packets, failure: undefined };
  } catch (error) {
    return { packets, failure: { error } };
  }
}

interface TraceRequest {
  readonly target: TraceTarget;
  readonly inPort: Ofport;
  readonly state: GatewayState;
  readonly ct: CtState;
  readonly frame: Uint8Array;
  readonly wireLength: number;
}

/** Asks the switch about a packet; `undefined` for a truncated one, which it cannot trace. */
async function verify(explanation: Explanation, request: TraceRequest): Promise<Verification | undefined> {
  if (explanation.class === 'truncated') return undefined;
  const { target, inPort, state, ct, frame, wireLength } = request;
  const trace = await traceFrame(target, inPort, frame, wireLength, ct);
  return { trace, agrees: agrees(explanation, trace, state) };
}

async function read(
  { source, from }: ExplainOptions,
  state: GatewayState,
  onPacket: OnPacket,
): Promise<void> {
  if (source.kind === 'pcap') {
    await readCapture(source.path, onPacket);
    return;
  }
  const frames =
    source.kind === 'hex' ? source.frames : [tupleFrame(source.words, state, from === 'phys', source.link)];
  for (const [i, frame] of frames.entries()) {
    if (onPacket({ number: i + 1, frame, wireLength: frame.length }) === ENOUGH) return;
  }
}
