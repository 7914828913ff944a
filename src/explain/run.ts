import { type CapturedPacket, ENOUGH, readCapture } from '../capture/capture_file.js';
import { Classifier } from '../demux/classifier.js';
import type { GatewayState } from '../demux/state.js';
import type { Ofport } from '../openflow/ofport.js';
import { Batches } from './batches.js';
import { agrees, type Explanation, explainFrames, inPortOf, type NamedSide } from './explanation.js';
import { countsJson, explanationJson, formatCounts, formatExplanation, type Verified } from './report.js';
import { readState } from './state_source.js';
import { ReaderGone, SyncOutput } from './sync_output.js';
import { type CtState, type Tracing, traceFrame } from './trace.js';
import { type LinkAddresses, tupleFrame } from './tuple_frame.js';

/** Where packets come from. */
export type Given =
  | { readonly kind: 'pcap'; readonly path: string }
  | { readonly kind: 'hex'; readonly frames: readonly Buffer[] }
  | { readonly kind: 'tuple'; readonly words: readonly string[]; readonly link: LinkAddresses };

export interface ExplainOptions {
  readonly given: Given;
  readonly from: NamedSide;
  /** A file with the state; `undefined`: that of the running helper. */
  readonly stateFile: string | undefined;
  readonly ct: CtState;
  readonly verify: boolean;
  readonly count: boolean;
  readonly json: boolean;
  readonly rundir: string;
  readonly timeoutMs: number;
}

type Take = (packet: CapturedPacket) => typeof ENOUGH | undefined;

/** While the switch is asked about packets no more than these are read ahead. */
const READ_AHEAD = 1000;

/**
 * Explains the packets given, on standard output.
 * @returns whether the switch agreed wherever it was asked
 * @throws ProductError for what cannot be read, after all that came before it has been explained
 */
export async function runExplain(options: ExplainOptions): Promise<boolean> {
  const state = await readState(options.stateFile, options.rundir, options.timeoutMs);
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
  const explain = explainFrames(state, options.from, options.ct);
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

/** The switch is asked packet by packet; a capture is read a part at a time, each time from its start. */
async function verifyAll(options: ExplainOptions, state: GatewayState, output: SyncOutput): Promise<boolean> {
  const explain = explainFrames(state, options.from, options.ct);
  const inPort = inPortOf(state, options.from);
  const { rundir, timeoutMs } = options;
  const tracing: Tracing = { bridge: state.bridge, rundir, timeoutMs };
  let allAgree = true;
  for (let done = 0; ; done += READ_AHEAD) {
    const { packets, failure } = await readPart(options, state, done);
    for (const { number, frame, wireLength } of packets) {
      const explanation = explain(number, frame, wireLength);
      const verified = await verify(explanation, {
        tracing,
        inPort,
        state,
        ct: options.ct,
        frame,
        wireLength,
      });
      allAgree &&= verified?.agrees ?? true;
      output.write(
        options.json
          ? explanationJson(explanation, verified)
          : formatExplanation(explanation, state, verified),
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

interface Question {
  readonly tracing: Tracing;
  readonly inPort: Ofport;
  readonly state: GatewayState;
  readonly ct: CtState;
  readonly frame: Uint8Array;
  readonly wireLength: number;
}

/** Of a packet that is not held whole the switch cannot be asked. */
async function verify(explanation: Explanation, question: Question): Promise<Verified | undefined> {
  if (explanation.class === 'truncated') return undefined;
  const { tracing, inPort, state, ct, frame, wireLength } = question;
  const trace = await traceFrame(tracing, inPort, frame, wireLength, ct);
  return { trace, agrees: agrees(explanation, trace, state) };
}

async function read({ given, from }: ExplainOptions, state: GatewayState, take: Take): Promise<void> {
  if (given.kind === 'pcap') {
    await readCapture(given.path, take);
    return;
  }
  const frames =
    given.kind === 'hex' ? given.frames : [tupleFrame(given.words, state, from === 'phys', given.link)];
  for (const [i, frame] of frames.entries()) {
    if (take({ number: i + 1, frame, wireLength: frame.length }) === ENOUGH) return;
  }
}
