import { type Bundle, bundleSize, nameOf } from './bundle.js';
import type { Exchange } from './connection.js';
import { Control, isBundleReply } from './wire/bundle.js';
import { readError, type SwitchError } from './wire/error_message.js';
import { type Message, Type } from './wire/message.js';

/** Why a switch refuses a bundle. */
export interface Refusal {
  /** Begins with the flow if the error is about one. */
  readonly text: string;
  readonly error: SwitchError;
}

/**
 * The switch's answers to one bundle. The messages of a bundle have consecutive numbers, so the number in an error
 * gives the flow: OPEN, the removals, the additions, BARRIER, and COMMIT or DISCARD.
 */
export class BundleExchange implements Exchange {
  readonly last: number;
  /** Resolves when the barrier is answered. Every error of an earlier message has come by then. */
  readonly filled: Promise<void>;
  /** Resolves when the commit is answered. */
  readonly ended: Promise<void>;
  /** The first error that came. */
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

  /** Returns how many message numbers a bundle needs. */
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

  /** Names the change of message `xid`, for messages. */
  nameOf(xid: number): string | undefined {
    return nameOf(this.bundle, xid - this.first - 1);
  }

  private refuse(xid: number, error: SwitchError): void {
    const flow = this.nameOf(xid);
    this.refusal ??= { text: flow === undefined ? error.text : `${flow}: ${error.text}`, error };
    // After another error the barrier is still answered; a refused commit has no other answer.
    if (xid === this.last) this.settle.ended();
  }
}

interface Settled {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(reason: Error): void;
}

/** Makes a promise whose rejection may go unhandled. */
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
