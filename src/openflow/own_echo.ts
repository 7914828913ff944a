import type { Bundle } from './bundle.js';

/** `ovs-ofctl monitor … watch:` prints one such line for each flow that came or went (ovs-ofctl(8), "monitor"). */
const EVENT = /^ event=(ADDED|DELETED) (?:reason=delete )?table=\d+ cookie=(0x[0-9a-f]+)/;
/** What is above the events of one message, and the sign of life that a switch asks for after a minute without any. */
const NOTHING = /^(NXST_FLOW_MONITOR reply|OFPT_ECHO_REQUEST) /;

/**
 * Tells the echo of our own bundles from news. A monitor hears of every change, ours too; the cookie of a flow has a
 * hash of all that the flow says, so an event with the right one is that of the bundle.
 */
export class OwnEcho {
  /** How many events of each kind, by the cookie of the flow. */
  private readonly expected = {
    ADDED: new Map<bigint, number>(),
    DELETED: new Map<bigint, number>(),
  };

  /** Events of `bundle` are on their way. */
  expect({ add, remove }: Bundle): void {
    for (const { cookie } of remove) count(this.expected.DELETED, cookie, +1);
    for (const { cookie } of add) count(this.expected.ADDED, cookie, +1);
  }

  /** Takes a line of the monitor. @returns whether it says more than that the switch did what it was sent */
  isNews(line: string): boolean {
    if (NOTHING.test(line)) return false;
    const [, kind, text = ''] = EVENT.exec(line) ?? [];
    const cookie = BigInt(text);
    if ((kind === 'ADDED' || kind === 'DELETED') && this.expected[kind].has(cookie)) {
      count(this.expected[kind], cookie, -1);
      return false;
    }
    // Whoever changed what a bundle was made for may have made some of its events those of somebody else.
    this.forget();
    return true;
  }

  /** Nothing is on its way any more: what follows is news. */
  forget(): void {
    this.expected.ADDED.clear();
    this.expected.DELETED.clear();
  }
}

function count(events: Map<bigint, number>, cookie: bigint, by: number): void {
  const now = (events.get(cookie) ?? 0) + by;
  if (now === 0) events.delete(cookie);
  else events.set(cookie, now);
}
