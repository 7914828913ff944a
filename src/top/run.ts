// `ovn-k8s-util top`: the traffic of an interface, by class and by sender, on a terminal, as lines, or as JSON.
// It counts packets that arrive at the interface, before the gateway's flows match them. It does not read the flows.
// `sample.ts` computes rates from two snapshots, `view.ts` formats rates as lines, `terminal.ts` owns the screen.
import { findRole } from '../capture/bridge_port.js';
import { openCapture } from '../capture/open.js';
import type { CaptureSettings } from '../capture/options.js';
import type { CaptureSnapshot, PacketCapture } from '../capture/packet_capture.js';
import type { PortRole } from '../demux/port_role.js';
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
  /** How many samples to show; `undefined`: until a signal or a key ends it. */
  readonly samples: number | undefined;
  /** `undefined`: the switch is asked. */
  readonly role: PortRole | undefined;
}

/** More talkers than a screen shows. */
const TALKERS = 64;
/** The size of a sample that is written to a pipe or a file. */
const PLAIN = { rows: 30, columns: 200 } as const;

/**
 * Shows the traffic of an interface until a signal, a key or the number of samples ends it.
 * @throws ProductError if there is no state, and if the interface cannot be read or goes down
 */
export async function runTop(options: TopOptions): Promise<void> {
  const { device, json, intervalMs, stateFile, rundir, timeoutMs, db } = options;
  const state = await readState(stateFile, rundir, timeoutMs);
  const role = options.role ?? (await findRole(device, state, db, timeoutMs));
  const capture = await openCapture({ device, direction: 'both', role, state }, options.method);
  const ticks = new Ticks(intervalMs);
  // Writing fails once the reader of the pipe has closed it.
  process.stdout.on('error', ticks.stop);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, ticks.stop);
  const { stdin, stdout } = process;
  const screen = !json && stdout.isTTY ? new Screen(stdin, stdout, ticks.stop) : undefined;
  const left = json ? 1 : (options.samples ?? Number.POSITIVE_INFINITY);
  try {
    await sampleEachTick(capture, ticks, left, async (sample) => {
      const { rows, columns } = screen ?? PLAIN;
      const note = noteOn(state, role);
      if (json) stdout.write(`${sampleJson(device, sample)}\n`);
      else if (screen !== undefined) screen.draw(viewOf(sample, { device, rows, columns, note }));
      else stdout.write(`${viewOf(sample, { device, rows, columns, note }).join('\n')}\n\n`);
      if (stateFile === undefined) await refreshState(capture, rundir, timeoutMs);
    });
  } finally {
    screen?.close();
    capture.close();
  }
}

async function sampleEachTick(
  capture: PacketCapture,
  ticks: Ticks,
  samples: number,
  show: (sample: TopSample) => Promise<void>,
): Promise<void> {
  let before: CaptureSnapshot = capture.snapshot(TALKERS);
  let at = performance.now();
  for (let shown = 0; shown < samples && (await ticks.next()); shown += 1) {
    const after = capture.snapshot(TALKERS);
    const now = performance.now();
    await show(sampleBetween(before, after, (now - at) / 1_000));
    [before, at] = [after, now];
  }
}

/** Reads the state again, because services change. Keeps the last state if the helper does not answer. */
async function refreshState(capture: PacketCapture, rundir: string, timeoutMs: number): Promise<void> {
  const state = await readState(undefined, rundir, timeoutMs).catch(() => undefined);
  if (state !== undefined) capture.setState(state);
}

function noteOn({ demux, bridge }: GatewayState, role: PortRole): string | undefined {
  if (role === 'other') return `neither the NIC nor LOCAL of ${bridge}: every packet is "other"`;
  return demux.mode === 'conntrack' && role === 'phys'
    ? "management includes return traffic of pods: only the switch's connection tracking tells them apart"
    : undefined;
}
