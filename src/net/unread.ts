import type { Socket } from 'node:net';
import { ProductError } from './errors.js';

/** The most octets of answers that may wait for a peer that does not read. */
export const MAX_UNREAD_BYTES = 1024 * 1024;

/**
 * Writes the answers to a peer's own requests, such as echo replies. A peer that sends requests and does not read the
 * answers would otherwise make this process keep them all.
 */
export class AnswerWriter {
  private unread = 0;

  constructor(private readonly socket: Socket) {}

  /** @throws ProductError `ERR_PEER_NOT_READING` */
  write(answer: Buffer): void {
    this.unread += answer.length;
    if (this.unread > MAX_UNREAD_BYTES) {
      throw new ProductError(
        'ERR_PEER_NOT_READING',
        `the peer does not read the answers to its requests: more than ${MAX_UNREAD_BYTES} bytes wait`,
      );
    }
    this.socket.write(answer, () => {
      this.unread -= answer.length;
    });
  }
}
