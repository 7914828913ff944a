import { openCapture } from '../capture/open.js';
import type { CaptureSettings } from '../capture/options.js';
import type { PacketCapture, Seen } from '../capture/packet_capture.js';
import { sideOf } from '../capture/side.js';
import type { Side } from '../demux/classifier.js';
import type { GatewayState } from '../demux/state.js';
import { readState } from '../explain/state_source.js';
import { sampleBetween, sampleJson, type TopSample } from './sample.js';
import { Screen } from './terminal.js';
import { Ticks } from './ticks.js';
import { viewOf } from './view.js';

export interface TopOptions extends CaptureSettings {
  readonly device: string;
  readonly json: boolean;
  readonly intervalMs: number;
  /** How many samples to show; `undefined`: until told to end. */
  readonly samples: number | undefined;
  readonly side: Side | undefined;
}

/** More than any screen shows. */
const TALKERS = 64;
/** A pipe's reader has all the lines it wants. */
const PLAIN = { rows: 30, columns: 200 } as const;

/**
 * Shows what passes an interface until told to end.
 * @throws ProductError without a state, and for an interface that cannot be read, or not any more
 */
export async function runTop(options: TopOptions): Promise<void> {
  const { device, json, intervalMs, stateFile, rundir, timeoutMs, db } = options;
  const state = await readState(stateFile, rundir, timeoutMs);
  const side = options.side ?? (await sideOf(device, state, db, timeoutMs));
  const capture = await openCapture({ device, direction: 'both', side, state }, options.way);
  const ticks = new Ticks(intervalMs);
  // A reader that has gone wants no more.
  process.stdout.on('error', ticks.stop);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, ticks.stop);
  const { stdin, stdout } = process;
  const screen = !json && stdout.isTTY ? new Screen(stdin, stdout, ticks.stop) : undefined;
  const left = json ? 1 : (options.samples ?? Number.POSITIVE_INFINITY);
  try {
    await follow(capture, ticks, left, async (sample) => {
      const { rows, columns } = screen ?? PLAIN;
      const note = noteOn(state, side);
      if (json) stdout.write(`${sampleJson(device, sample)}\n`);
      else if (screen !== undefined) screen.draw(viewOf(sample, { device, rows, columns, note }));
      else stdout.write(`${viewOf(sample, { device, rows, columns, note }).join('\n')}\n\n`);
      if (stateFile === undefined) await followState(capture, rundir, timeoutMs);
    });
  } finally {
    screen?.close();
    capture.close();
  }
}

async function follow(
  capture: PacketCapture,
  ticks: Ticks,
  samples: number,
  show: (sample: TopSample) => Promise<void>,
): Promise<void> {
  let before: Seen = capture.look(TALKERS);
  let at = performance.now();
  for (let shown = 0; shown < samples && (await ticks.next()); shown += 1) {
    const after = capture.look(TALKERS);
    const now = performance.now();
    await show(sampleBetween(before, after, (now - at) / 1_000));
    [before, at] = [after, now];
  }
}

/** Services come and go; a helper that is away for a moment has left its rules as they are. */
async function followState(capture: PacketCapture, rundir: string, timeoutMs: number): Promise<void> {
  const state = await readState(undefined, rundir, timeoutMs).catch(() => undefined);
  if (state !== undefined) capture.follow(state);
}

function noteOn({ demux, bridge }: GatewayState, side: Side): string | undefined {
  if (side === 'other') return `not a port of ${bridge} that its rules are about: everything is "other"`;
  return demux.mode === 'conntrack' && side === 'phys'
    ? "management here is that of pods' connections too: only the switch's connection tracking tells them apart"
    : undefined;
}
