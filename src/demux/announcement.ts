import type { Action } from '../openflow/actions.js';
import { makeCookie } from '../openflow/cookie.js';
import { type Flow, flow } from '../openflow/flow.js';
import { ETH_ARP, extend, type Term, term } from '../openflow/match.js';
import { classId } from './classes.js';
import { type Destination, outputActions } from './destination.js';

/** Decides whether a broadcast ARP request is an announcement (RFC 5227 section 3) or a request for another host. */
export const ANNOUNCEMENT_TABLE = 2;

const ADDRESS_BITS = 32;
const ARP = term('dl_type', ETH_ARP);

/**
 * Returns the flows that tell gratuitous ARP requests from all others: in a gratuitous one the sender and the target
 * protocol address are equal.
 *
 * A flow cannot compare two fields, so these compare them bit by bit. Register 0 counts the bits found equal; two flows
 * for each bit go on to the next; a packet whose bits differ matches none of them. A megaflow then names only the bits
 * up to the first difference.
 */
export function announcementFlows(destinations: {
  readonly announced: readonly Destination[];
  readonly otherwise: readonly Destination[];
}): Flow[] {
  const bits = Array.from({ length: ADDRESS_BITS }, (_, bit) => bit);
  const allEqual = [term('reg0', ADDRESS_BITS)];
  return [
    ...bits.flatMap((bit) => [bitIsEqual(bit, 0), bitIsEqual(bit, 1)]),
    tableFlow(classId('neighbour-reply'), 2, allEqual, outputActions(destinations.announced)),
    tableFlow(classId('broadcast'), 1, [], outputActions(destinations.otherwise)),
  ];
}

function bitIsEqual(bit: number, value: 0 | 1): Flow {
  const mask = 1n << BigInt(bit);
  const bitOf = (field: 'arp_spa' | 'arp_tpa') => term(field, value === 1 ? mask : 0n, mask);
  return tableFlow(
    0,
    2,
    [term('reg0', bit), bitOf('arp_spa'), bitOf('arp_tpa')],
    [
      { kind: 'set_reg0', value: bit + 1 },
      { kind: 'resubmit', table: ANNOUNCEMENT_TABLE },
    ],
  );
}

function tableFlow(
  countedClass: number,
  priority: number,
  terms: readonly Term[],
  actions: readonly Action[],
): Flow {
  return flow({ table: ANNOUNCEMENT_TABLE, priority, match: extend([ARP], ...terms), actions }, (text) =>
    makeCookie(countedClass, text),
  );
}
