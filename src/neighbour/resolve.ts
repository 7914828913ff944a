import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { type Clock, systemClock } from './clock.js';
import type { Link } from './link.js';
import { question, sendQuestion } from './question.js';

export interface ResolveOptions {
  /** Who asks; an address of the interface, of the family of what is asked for. */
  readonly source?: IpAddress | undefined;
  readonly timeoutMs: number;
  /** How long one question waits for its answer before it is asked again. */
  readonly againMs?: number;
  /** How long to listen on after the first answer, for somebody else's. */
  readonly settleMs?: number;
  readonly clock?: Clock;
}

export interface Answer {
  readonly mac: MacAddress;
  /** From when the last question left to when the kernel had this. */
  readonly rttMs: number;
}

export interface Resolution {
  readonly address: IpAddress;
  /** How often it was asked. */
  readonly asked: number;
  /** In the order in which they came; none when nobody answered. */
  readonly answers: readonly Answer[];
  /** Who answered, each once: more than one is a conflict. */
  readonly macs: readonly MacAddress[];
}

/**
 * Asks who has `address` until somebody answers or the time is over.
 * @throws ProductError `ERR_LINK_DOWN`, `ERR_NO_INTERFACE` as of {@link Link}
 */
export function resolve(link: Link, address: IpAddress, options: ResolveOptions): Promise<Resolution> {
  const { source, timeoutMs, againMs = 250, settleMs = 0, clock = systemClock } = options;
  return new Promise((fulfil, reject) => {
    const frame = question(link.mac, address, source);
    const answers: Answer[] = [];
    let asked = 0;
    let sentAt = 0;
    const timers = { again: () => {}, end: () => {} };
    const stopListening = link.listen({
      hear(message, at) {
        if (message.kind !== 'tell' || message.target !== address || message.mac === link.mac) return;
        answers.push({ mac: message.mac, rttMs: Math.max(0, at - sentAt) });
        if (answers.length > 1) return;
        timers.again();
        timers.end();
        if (settleMs === 0) end();
        else timers.end = clock.after(settleMs, end);
      },
      fail: (error) => settle(() => reject(error)),
    });
    const settle = (outcome: () => void) => {
      stopListening();
      timers.again();
      timers.end();
      outcome();
    };
    const end = () =>
      settle(() => fulfil({ address, asked, answers, macs: [...new Set(answers.map(({ mac }) => mac))] }));
    const ask = () => {
      try {
        timers.again = clock.after(againMs, ask);
        sentAt = sendQuestion(link, frame) ?? sentAt;
        asked++;
      } catch (error) {
        settle(() => reject(error));
      }
    };
    timers.end = clock.after(timeoutMs, end);
    ask();
  });
}
