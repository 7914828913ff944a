import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { type Clock, systemClock } from './clock.js';
import type { Link } from './link.js';
import type { NeighbourMessage } from './message.js';
import { question, sendQuestion } from './question.js';

export interface ProbeOptions {
  /** MACs of this host, which are no conflict. */
  readonly own: ReadonlySet<MacAddress>;
  /** How often each address is asked for. */
  readonly times?: number;
  /** Between two questions, and after the last one. */
  readonly waitMs?: number;
  readonly clock?: Clock;
}

/** Somebody else has, or wants, an address. */
export interface Conflict {
  readonly address: IpAddress;
  readonly mac: MacAddress;
}

/**
 * Asks whether somebody else has one of the addresses: probes of RFC 5227 section 2.1.1, and duplicate address
 * detection of RFC 4862 section 5.4. Three questions, 200 ms apart, rather than the seconds of those RFCs, which were
 * made for links that need them to come up: an operator waits for this.
 * @returns a conflict for each address that has one, the first one heard
 * @throws ProductError as of {@link Link}
 */
export function probe(
  link: Link,
  addresses: readonly IpAddress[],
  { own, times = 3, waitMs = 200, clock = systemClock }: ProbeOptions,
): Promise<readonly Conflict[]> {
  return new Promise((fulfil, reject) => {
    const frames = addresses.map((address) => question(link.mac, address));
    const conflicts = new Map<IpAddress, Conflict>();
    let left = times;
    let cancel = () => {};
    const stopListening = link.listen({
      hear(message) {
        const { mac } = message;
        const address = addresses.find((one) => claims(message, one));
        if (address === undefined || own.has(mac) || conflicts.has(address)) return;
        conflicts.set(address, { address, mac });
        if (conflicts.size === addresses.length) settle(() => fulfil([...conflicts.values()]));
      },
      fail: (error) => settle(() => reject(error)),
    });
    const settle = (outcome: () => void) => {
      stopListening();
      cancel();
      outcome();
    };
    const ask = () => {
      if (left === 0) return settle(() => fulfil([...conflicts.values()]));
      left--;
      try {
        cancel = clock.after(waitMs, ask);
        for (const frame of frames) sendQuestion(link, frame);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    ask();
  });
}

/** Says that it has the address, or probes for it as we do. */
function claims({ kind, target, sender }: NeighbourMessage, address: IpAddress): boolean {
  return sender === address || (target === address && (kind === 'tell' || sender === undefined));
}
