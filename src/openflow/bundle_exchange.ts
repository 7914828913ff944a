import { type Bundle, bundleSize, nameOf } from './bundle.js';
import type { Exchange } from './connection.js';
import { Control, isBundleReply } from './wire/bundle.js';
import { readError, type SwitchError } from './wire/error_message.js';
import { type Message, Type } from './wire/message.js';

/** Why a switch does not want a bundle. */
export interface Refusal {
  /** Names the flow, when it is one's fault. */
  readonly text: string;
  readonly error: SwitchError;
}

/**
 * What the switch answers to one bundle. Its messages are numbered in a row, so that each error is known to be one
 * flow's without a note of any: OPEN, the removals, the additions, BARRIER, and COMMIT or DISCARD.
 */
export class BundleExchange implements Exchange {
  readonly last: number;
  /** Whether every message before the barrier was answered, if it was to be. */
  readonly filled: Promise<void>;
  /** Whether the commit was answered. */
  readonly ended: Promise<void>;
  /** The first error that came, where a flow's goes before the bundle's own. */
  refusal: Refusal | undefined;
  private readonly settle: { filled(): void; ended(): void; fail(reason: Error): void };

  constructor(
    readonly bundle: Bundle,
    readonly first: number,
    readonly id: number,
  ) {
    this.last = first + BundleExchange.messages(bundle) - 1;
    const filled = promise();
    const ended = promise();
    this.filled = filled.promise;
    this.ended = ended.promise;
    this.settle = {
      filled: filled.resolve,
      ended: ended.resolve,
      fail: (reason) => {
        filled.reject(reason);
        ended.reject(reason);
      },
    };
  }

  /** How many numbers a bundle needs. */
  static messages(bundle: Bundle): number {
    return bundleSize(bundle) + 3;
  }

  /** The number of the barrier. */
  get barrier(): number {
    return this.last - 1;
  }

  receive(message: Message): void {
    if (message.type === Type.error) this.refuse(message.xid, readError(message));
    else if (message.type === Type.barrierReply) this.settle.filled();
    else if (isBundleReply(message, this.id, Control.commit)) this.settle.ended();
  }

  fail(reason: Error): void {
    this.settle.fail(reason);
  }

  /** What message `xid` is about, for people. */
  nameOf(xid: number): string | undefined {
    return nameOf(this.bundle, xid - this.first - 1);
  }

  private refuse(xid: number, error: SwitchError): void {
    const flow = this.nameOf(xid);
    this.refusal ??= { text: flow === undefined ? error.text : `${flow}: ${error.text}`, error };
    // The barrier is answered all the same; after a refused commit nothing more comes.
    if (xid === this.last) this.settle.ended();
  }
}

interface Settled {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(reason: Error): void;
}

/** A promise that may end as a failure without anybody waiting for it. */
function promise(): Settled {
  let resolve: () => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const made = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  made.catch(() => {});
  return { promise: made, resolve, reject };
}
