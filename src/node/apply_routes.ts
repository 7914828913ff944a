import type { Log } from '../daemon/log.js';
import { runIp } from '../host/iproute_write.js';
import type { Interface, Rule } from '../host/snapshot.js';
import { writeSysctls } from '../host/sysctls.js';
import { advertisementChanges, managementPortCommands } from '../ovn/management_port.js';
import { wayBackCommands } from '../ovn/way_back.js';
import { reversePathChanges } from './state_forwarding.js';
import type { NodeState } from './state_node.js';

/** What the kernel has of the management port. */
export interface KernelPort {
  readonly port: Interface;
  readonly rules: readonly Rule[];
}

/**
 * Returns the `ip` commands that give `k8s-NODE` its addresses and the routes to pods, services and routers, and replies
 * of outside clients their way back; none if all is right.
 */
export function portCommands({ port, rules }: KernelPort, { device, ...wanted }: NodeState): string[][] {
  return [
    ...managementPortCommands(port, wanted),
    ...wayBackCommands(device, wanted.subnets, { rules, routes: port.routes }),
  ];
}

/**
 * Runs the commands that the management port lacks. Lets clients outside come by it, and no pod be a router on it.
 * @returns whether there were any
 * @throws ProductError `ERR_IP`, `ERR_SYSCTL`
 */
export async function applyPort(actual: KernelPort, state: NodeState, log: Log): Promise<boolean> {
  writeSysctls([...reversePathChanges(state.device), ...advertisementChanges(state.device)]);
  const commands = portCommands(actual, state);
  for (const command of commands) {
    log.info(`ip ${command.join(' ')}`);
    await runIp(...command);
  }
  return commands.length > 0;
}
