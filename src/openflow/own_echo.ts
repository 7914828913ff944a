import type { Bundle } from './bundle.js';
import { formatCookie } from './cookie.js';

/** `ovs-ofctl monitor … watch:` prints one such line for each flow that came or went (ovs-ofctl(8), "monitor"). */
const EVENT = /^ event=(ADDED|DELETED) (?:reason=delete )?table=\d+ cookie=(0x[0-9a-f]+)/;
/** What is above the events of one message, and the sign of life that a switch asks for after a minute without any. */
const NOTHING = /^(NXST_FLOW_MONITOR reply|OFPT_ECHO_REQUEST) /;

/**
 * Tells the echo of our own bundles from news. A monitor hears of every change, ours too; the cookie of a flow has a
 * hash of all that the flow says, so an event with the right one is that of the bundle.
 */
export class OwnEcho {
  private readonly expected = new Map<string, number>();

  /** Events of `bundle` are on their way. */
  expect({ add, remove }: Bundle): void {
    for (const { cookie } of remove) this.add(`DELETED ${formatCookie(cookie)}`, 1);
    for (const { cookie } of add) this.add(`ADDED ${formatCookie(cookie)}`, 1);
  }

  /** Takes a line of the monitor. @returns whether it says more than that the switch did what it was sent */
  isNews(line: string): boolean {
    if (NOTHING.test(line)) return false;
    const [, kind, cookie] = EVENT.exec(line) ?? [];
    const event = `${kind} ${cookie}`;
    if (!this.expected.has(event)) {
      // Whoever changed what a bundle was made for may have made some of its events those of somebody else.
      this.forget();
      return true;
    }
    this.add(event, -1);
    return false;
  }

  /** Nothing is on its way any more: what follows is news. */
  forget(): void {
    this.expected.clear();
  }

  private add(event: string, by: number): void {
    const count = (this.expected.get(event) ?? 0) + by;
    if (count === 0) this.expected.delete(event);
    else this.expected.set(event, count);
  }
}
