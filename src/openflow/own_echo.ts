import type { Bundle } from './bundle.js';

/**
 * A line that `ovs-ofctl monitor … watch:` prints for each flow that was added or deleted (ovs-ofctl(8), "monitor").
 */
const EVENT = /^ event=(ADDED|DELETED) (?:reason=delete )?table=\d+ cookie=(0x[0-9a-f]{1,16})\b/;
/** The line above the events of one message, and the echo request that a switch sends after a minute of silence. */
const NO_EVENT = /^(NXST_FLOW_MONITOR reply|OFPT_ECHO_REQUEST) /;

/**
 * Recognises the events of our own bundles. A monitor reports every change, ours too. The cookie of a flow has a hash
 * of the whole flow, so an event with the cookie of a flow in our bundle belongs to that bundle.
 */
export class OwnEcho {
  /** The number of expected events of each kind, by the cookie of the flow. */
  private readonly expected = {
    ADDED: new Map<bigint, number>(),
    DELETED: new Map<bigint, number>(),
  };

  /** Expects the events of `bundle`. */
  expect({ add, remove }: Bundle): void {
    for (const { cookie } of remove) count(this.expected.DELETED, cookie, +1);
    for (const { cookie } of add) count(this.expected.ADDED, cookie, +1);
  }

  /** Takes a line of the monitor. @returns whether it reports a change that our bundles did not make */
  isNews(line: string): boolean {
    if (NO_EVENT.test(line)) return false;
    const [, kind, text = ''] = EVENT.exec(line) ?? [];
    const cookie = BigInt(text);
    if ((kind === 'ADDED' || kind === 'DELETED') && this.expected[kind].has(cookie)) {
      count(this.expected[kind], cookie, -1);
      return false;
    }
    // After a foreign change an expected event may never come, and a later foreign event would be mistaken for it.
    this.forget();
    return true;
  }

  /** Expects no more events: every change from now on is reported as foreign. */
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
