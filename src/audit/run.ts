import { setTimeout as pause } from 'node:timers/promises';
import { openCapture } from '../capture/open.js';
import type { CaptureSettings } from '../capture/options.js';
import type { PacketCapture } from '../capture/packet_capture.js';
import { findNic } from '../capture/side.js';
import { askDaemon } from '../daemon/ask.js';
import { readState } from '../explain/state_source.js';
import { ProductError } from '../net/errors.js';
import type { FlowChannel } from '../openflow/channel.js';
import type { InstalledFlow } from '../openflow/flow.js';
import { ofctlChannel } from '../openflow/ofctl.js';
import { readFlows } from '../openflow/read_flows.js';
import { deliveredBy, isContinued } from './delivered.js';
import { judge, type Reading, type Verdict } from './judge.js';

export interface AuditOptions extends CaptureSettings {
  readonly durationMs: number;
}

/** Until the ring has handed over what came before: its blocks are at most 50 ms old. */
const RING_LAG_MS = 200;

/**
 * Compares for some time what arrives on the NIC, by class, with what the switch's counters say was delivered.
 * @throws ProductError without a state, a NIC or a switch, and when the rules were changed meanwhile
 */
export async function runAudit(options: AuditOptions): Promise<readonly Verdict[]> {
  const { durationMs, way, stateFile, db, rundir, timeoutMs } = options;
  const state = await readState(stateFile, rundir, timeoutMs);
  const { bridge, phys, demux } = state;
  const nic = await findNic(state, db, timeoutMs);
  if (phys === undefined || nic === undefined)
    throw new ProductError('ERR_NO_PORT', `${bridge} has no NIC; run ovn-k8s-util doctor`);
  const channel = ofctlChannel({ bridge, rundir, timeoutMs });
  const settle = () =>
    askDaemon(
      { program: 'ovs-vswitchd', rundir, timeoutMs: Math.max(timeoutMs, 10_000) },
      'revalidator/wait',
    );
  const capture = await openCapture({ device: nic, direction: 'incoming', side: 'phys', state }, way);
  try {
    const start = await read(capture, channel, settle, phys);
    await pause(durationMs);
    const end = await read(capture, channel, settle, phys);
    if (!isContinued(start.flows, end.flows))
      throw new ProductError(
        'ERR_RULES_CHANGED',
        `the rules of ${bridge} were changed meanwhile; run audit again`,
      );
    return judge(start, end, demux, capture.look().dropped);
  } finally {
    capture.close();
  }
}

/**
 * Reads the counters when they are settled: those of a flow lag behind the datapath's until its revalidators have been
 * through all of it twice (ovs-vswitchd(8), `revalidator/wait`).
 */
async function read(
  capture: PacketCapture,
  channel: FlowChannel,
  settle: () => Promise<string>,
  nic: number,
): Promise<Reading & { readonly flows: readonly InstalledFlow[] }> {
  const before = capture.look().classes;
  await settle();
  const flows = await readFlows(channel);
  await pause(RING_LAG_MS);
  return { before, delivered: deliveredBy(flows, nic), flows, after: capture.look().classes };
}
