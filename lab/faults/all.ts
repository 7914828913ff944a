import { COMMAND_FAULTS } from './commands.js';
import type { Fault } from './fault.js';
import { FLOOD_FAULTS } from './flood.js';
import { KUBE_FAULTS } from './kube.js';
import { NETWORK_FAULTS } from './network.js';
import { OVN_FAULTS } from './ovn.js';
import { PROCESS_FAULTS } from './processes.js';
import { RAFT_FAULTS } from './raft.js';
import { SWITCH_FAULTS } from './switch.js';

/** All faults, in the table's order. */
export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...COMMAND_FAULTS,
  ...SWITCH_FAULTS,
  ...OVN_FAULTS,
  ...RAFT_FAULTS,
  ...KUBE_FAULTS,
  ...NETWORK_FAULTS,
  ...FLOOD_FAULTS,
];
