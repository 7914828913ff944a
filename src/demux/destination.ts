import type { Action } from '../openflow/actions.js';
import type { Ofport } from '../openflow/ofport.js';

/** A destination of a packet; the bridge may lack the port at the moment. */
export type Destination = Ofport | 'NORMAL' | undefined;

/** Returns the actions that send a packet to those of `destinations` that the bridge has. */
export function outputActions(destinations: readonly Destination[]): Action[] {
  return destinations
    .filter((port) => port !== undefined)
    .map((port): Action => (port === 'NORMAL' ? { kind: 'normal' } : { kind: 'output', port }));
}
