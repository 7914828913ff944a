import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { type Clock, systemClock } from './clock.js';
import type { NeighbourSocket } from './neighbour_socket.js';
import { requestFrame, sendRequest } from './request.js';

export interface ResolveOptions {
  /** An address of the interface, of the family of the target: the requests' source. */
  readonly source?: IpAddress | undefined;
  readonly timeoutMs: number;
  /** Milliseconds until a request that got no reply is sent again. */
  readonly againMs?: number;
  /** Milliseconds to keep listening after the first reply, for another host's. */
  readonly settleMs?: number;
  readonly clock?: Clock;
}

/** More answers than hosts that could share an address; a host can send any number. */
const MAX_ANSWERS = 256;

export interface Answer {
  readonly mac: MacAddress;
  /** Milliseconds from when the last request left until the kernel received this. */
  readonly rttMs: number;
}

export interface Resolution {
  readonly address: IpAddress;
  /** How many requests were sent. */
  readonly asked: number;
  /** In order of arrival; empty if there was no reply. */
  readonly answers: readonly Answer[];
  /** The distinct MACs of the replies; more than one is a conflict. */
  readonly macs: readonly MacAddress[];
}

/**
 * Sends requests for `address` until a reply arrives or the time is over.
 * @throws ProductError `ERR_LINK_DOWN`, `ERR_NO_INTERFACE` as {@link NeighbourSocket}
 */
export function resolve(
  socket: NeighbourSocket,
  address: IpAddress,
  options: ResolveOptions,
): Promise<Resolution> {
  const { source, timeoutMs, againMs = 250, settleMs = 0, clock = systemClock } = options;
  return new Promise((fulfil, reject) => {
    const frame = requestFrame(socket.mac, address, source);
    const answers: Answer[] = [];
    let asked = 0;
    let sentAt = 0;
    const timers = { again: () => {}, end: () => {} };
    const stopListening = socket.listen({
      received(message, at) {
        const { kind, target, mac } = message;
        if (kind !== 'advertisement' || target !== address || mac === socket.mac) return;
        if (answers.length === MAX_ANSWERS) return;
        answers.push({ mac, rttMs: Math.max(0, at - sentAt) });
        if (answers.length > 1) return;
        timers.again();
        timers.end();
        if (settleMs === 0) end();
        else timers.end = clock.after(settleMs, end);
      },
      failed: (error) => settle(() => reject(error)),
    });
    const settle = (outcome: () => void) => {
      stopListening();
      timers.again();
      timers.end();
      outcome();
    };
    const end = () =>
      settle(() => fulfil({ address, asked, answers, macs: [...new Set(answers.map(({ mac }) => mac))] }));
    const send = () => {
      try {
        timers.again = clock.after(againMs, send);
        sentAt = sendRequest(socket, frame) ?? sentAt;
        asked++;
      } catch (error) {
        settle(() => reject(error));
      }
    };
    timers.end = clock.after(timeoutMs, end);
    send();
  });
}
