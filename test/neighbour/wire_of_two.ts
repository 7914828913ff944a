import type { PacketEvents } from '../../src/native.js';
import type { Clock } from '../../src/neighbour/clock.js';
import type { OpenSocket } from '../../src/neighbour/neighbour_socket.js';
import { type MacAddress, macBytes } from '../../src/net/mac.js';

/** A clock that advances only by {@link pass}. */
export class TestClock implements Clock {
  private time = 1_000;
  private due: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): () => void {
    const one = { at: this.time + ms, run };
    this.due.push(one);
    return () => {
      this.due = this.due.filter((other) => other !== one);
    };
  }

  /** Advances the clock by `ms` milliseconds and calls each timer at its time. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = this.due.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.due = this.due.filter((one) => one !== next);
      this.time = next.at;
      next.run();
    }
    this.time = end;
  }
}

/** A packet socket whose other end is the test: keeps the frames that are sent, and delivers frames. */
export class TestWire {
  readonly sent: Buffer[] = [];
  private events: PacketEvents | undefined;
  /** The errno with which sending fails. */
  refusal: number | undefined;
  /** The errno with which opening fails. */
  absence: number | undefined;

  constructor(
    private readonly mac: MacAddress,
    private readonly clock: Clock,
  ) {}

  open: OpenSocket = (_name, events) => {
    if (this.absence !== undefined) throw Object.assign(new Error('no'), { errno: this.absence });
    this.events = events;
    return {
      address: Uint8Array.from(macBytes(this.mac)),
      send: (frames, size) => {
        if (this.refusal !== undefined) throw Object.assign(new Error('no'), { errno: this.refusal });
        for (let at = 0; at < frames.length; at += size) this.sent.push(frames.subarray(at, at + size));
        return this.clock.now();
      },
      close: () => undefined,
      unref: () => undefined,
    };
  };

  /** Delivers frames as if they had arrived. */
  give(...frames: readonly Buffer[]): void {
    this.events?.received(
      Buffer.concat(frames),
      frames.map(({ length }) => length),
      frames.map(() => this.clock.now()),
    );
  }

  fail(errno: number): void {
    this.events?.failed(errno);
  }
}
