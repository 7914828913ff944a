import { LOCAL, type Ofport } from '../openflow/ofport.js';
import type { BridgeState } from './state.js';

/** The roles of the ports of a gateway's bridge: the NIC, the host, OVN, and any other port. */
export const PORT_ROLES = ['phys', 'local', 'patch', 'other'] as const;
export type PortRole = (typeof PORT_ROLES)[number];

/** The roles that exactly one port has. */
export const NAMED_ROLES = ['phys', 'local', 'patch'] as const satisfies readonly PortRole[];
export type NamedRole = (typeof NAMED_ROLES)[number];

/** Returns the number of the port with `role`; `undefined` while the bridge lacks it. */
export function portOf(role: NamedRole, { phys, patch }: Pick<BridgeState, 'phys' | 'patch'>) {
  return { phys, local: LOCAL, patch }[role];
}

/** Returns the role of an output for people and scripts; an output without a role is `normal` or `port N`. */
export function formatRole(
  output: Ofport | 'NORMAL',
  { phys, patch }: Pick<BridgeState, 'phys' | 'patch'>,
): string {
  if (output === 'NORMAL') return 'normal';
  if (output === LOCAL) return 'local';
  if (output === phys) return 'phys';
  return output === patch ? 'patch' : `port ${output}`;
}
