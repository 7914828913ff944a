import { execa } from 'execa';
import { SwitchUnreachable } from './errors.js';
import { complaintOf } from './ofctl_complaint.js';

/** A bridge, and the directory of ovs-vswitchd's sockets. */
export interface TrackingBridge {
  readonly bridge: string;
  readonly rundir: string;
}

const TIMEOUT_MS = 5_000;

/**
 * Deletes the connection tracking entries that match a tuple of the original direction and one of the reply, in all
 * zones of the bridge's datapath (`ovs-ofctl ct-flush`, OVS 3.1 and later). A tuple may name some fields only.
 * @throws SwitchUnreachable
 */
export async function flushTracked(
  { bridge, rundir }: TrackingBridge,
  [original, reply]: readonly [string, string],
): Promise<void> {
  const args = ['ct-flush', `unix:${rundir}/${bridge}.mgmt`, original, reply];
  try {
    await execa('ovs-ofctl', args, { stdin: 'ignore', timeout: TIMEOUT_MS });
  } catch (error) {
    throw new SwitchUnreachable(bridge, complaintOf(error), { cause: error });
  }
}
