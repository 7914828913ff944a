// `ovn-k8s-util audit`: compares the packets that arrive on the NIC with the counters of the gateway's flows.
// A difference means that a foreign flow takes packets first, or that the switch lost flows. It changes nothing.
// `delivered.ts` sorts the counters by class, `compare.ts` compares, `report.ts` prints.
import { findNic } from '../capture/bridge_port.js';
import { openCapture } from '../capture/open.js';
import type { CaptureSettings } from '../capture/options.js';
import type { PacketCapture } from '../capture/packet_capture.js';
import { askDaemon } from '../daemon/ask.js';
import { sleep } from '../daemon/sleep.js';
import { readState } from '../explain/state_source.js';
import { ProductError } from '../net/errors.js';
import type { FlowChannel } from '../openflow/channel.js';
import type { InstalledFlow } from '../openflow/flow.js';
import { ofctlChannel } from '../openflow/ofctl.js';
import { readFlows } from '../openflow/read_flows.js';
import { type ClassComparison, compareReadings, type Reading } from './compare.js';
import { deliveredBy, isContinued } from './delivered.js';

export interface AuditOptions extends CaptureSettings {
  readonly durationMs: number;
}

/** How long to wait until the ring has delivered all earlier frames, in milliseconds: a block is at most 50 ms old. */
const RING_LAG_MS = 200;

/**
 * Compares, for `durationMs`, the packets that arrive on the NIC with those that the switch's counters say it delivered.
 * @throws ProductError if there is no state, NIC or switch, and `ERR_RULES_CHANGED` if the flows changed meanwhile
 */
export async function runAudit(options: AuditOptions): Promise<readonly ClassComparison[]> {
  const { durationMs, method, stateFile, db, rundir, timeoutMs } = options;
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
  const capture = await openCapture({ device: nic, direction: 'incoming', role: 'phys', state }, method);
  try {
    const start = await read(capture, channel, settle, phys);
    await sleep(durationMs);
    const end = await read(capture, channel, settle, phys);
    if (!isContinued(start.flows, end.flows))
      throw new ProductError(
        'ERR_RULES_CHANGED',
        `the flows of ${bridge} changed meanwhile; run audit again`,
      );
    return compareReadings(start, end, demux, capture.snapshot().dropped);
  } finally {
    capture.close();
  }
}

/**
 * Reads the counters after they have settled: a flow's counters lag behind the datapath's until its revalidators have
 * completed two passes (ovs-vswitchd(8), `revalidator/wait`).
 */
async function read(
  capture: PacketCapture,
  channel: FlowChannel,
  settle: () => Promise<string>,
  nic: number,
): Promise<Reading & { readonly flows: readonly InstalledFlow[] }> {
  const before = capture.snapshot().classes;
  await settle();
  const flows = await readFlows(channel);
  await sleep(RING_LAG_MS);
  return { before, delivered: deliveredBy(flows, nic), flows, after: capture.snapshot().classes };
}
