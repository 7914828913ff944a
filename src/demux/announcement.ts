import type { Action } from '../openflow/actions.js';
import { makeCookie } from '../openflow/cookie.js';
import { type Flow, flow } from '../openflow/flow.js';
import { ETH_ARP, extend, type Term, term } from '../openflow/match.js';
import { classId } from './classes.js';

/** Where an ARP request to all is looked at: an announcement (RFC 5227 section 3) or a question for somebody else. */
export const ANNOUNCEMENT_TABLE = 2;

const ADDRESS_BITS = 32;
const ARP = term('dl_type', ETH_ARP);

/**
 * Tells gratuitous ARP requests from all others: their sender and target protocol addresses are equal.
 *
 * A flow cannot compare two fields, so this compares them bit by bit: register 0 counts the bits found
 * equal, two flows a bit go on to the next one, and whatever differs falls through. A megaflow names
 * only the bits up to the first difference.
 */
export function announcement(then: { announced: readonly Action[]; otherwise: readonly Action[] }): Flow[] {
  const bits = Array.from({ length: ADDRESS_BITS }, (_, bit) => bit);
  return [
    ...bits.flatMap((bit) => [equalSoFar(bit, 0), equalSoFar(bit, 1)]),
    announcementFlow(classId('neighbour-reply'), 2, [term('reg0', ADDRESS_BITS)], then.announced),
    announcementFlow(classId('broadcast'), 1, [], then.otherwise),
  ];
}

function equalSoFar(bit: number, value: 0 | 1): Flow {
  const mask = 1n << BigInt(bit);
  const bitOf = (field: 'arp_spa' | 'arp_tpa') => term(field, value === 1 ? mask : 0n, mask);
  return announcementFlow(
    0,
    2,
    [term('reg0', bit), bitOf('arp_spa'), bitOf('arp_tpa')],
    [
      { kind: 'set_reg0', value: bit + 1 },
      { kind: 'resubmit', table: ANNOUNCEMENT_TABLE },
    ],
  );
}

function announcementFlow(
  counted: number,
  priority: number,
  terms: readonly Term[],
  actions: readonly Action[],
): Flow {
  return flow({ table: ANNOUNCEMENT_TABLE, priority, match: extend([ARP], ...terms), actions }, (text) =>
    makeCookie(counted, text),
  );
}
