import { type Bundle, bundleSize } from '../openflow/bundle.js';
import type { FlowChannel } from '../openflow/channel.js';
import { type CookieRange, isInRange, partOfOurCookies } from '../openflow/cookie.js';
import type { Flow, FlowIdentity } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { byKey, diffFlows } from '../openflow/reconcile.js';

/** Of so many flows it takes some 25 ms, which a switch that forwards packets by the same thread can be kept for. */
const MOST_AT_ONCE = 2_000;

/**
 * What the switch has of our flows: read from it whenever there is doubt, and known without asking as long as
 * nothing but our own bundles changed it.
 */
export class InstalledFlows {
  private known: Keyed<FlowIdentity> | undefined;
  private doubts = 0;
  private confirmed = 0;
  private isSending = false;

  constructor(private readonly channel: FlowChannel) {}

  /** Whether nothing has happened since it was read. */
  get isKnown(): boolean {
    return this.known !== undefined;
  }

  /** Something happened to the switch, or may have. */
  doubt(): void {
    this.known = undefined;
    this.doubts++;
  }

  /** @throws SwitchUnreachable */
  async read(): Promise<Keyed<FlowIdentity>> {
    if (this.known !== undefined) return this.known;
    const before = this.doubts;
    const found = byKey(await this.channel.readFlows());
    if (this.doubts === before) this.known = found;
    return found;
  }

  /**
   * Reads though there is no doubt, and doubts when it finds something else: of many flows one part each time, so that
   * it never takes longer. Bundles are sent meanwhile as ever: a part that was read beside one is read again next time.
   */
  async confirm(): Promise<void> {
    const before = this.known;
    if (before === undefined || this.isSending) return;
    const range = partOfOurCookies(this.confirmed, partsOf(before.size));
    try {
      const found = byKey(await this.channel.readFlows(range));
      if (this.known !== before || this.isSending) return;
      this.confirmed += 1;
      if (!hasExactly(before, found, range)) this.doubt();
    } catch {
      // Whoever reads next is told why.
      this.doubt();
    }
  }

  /**
   * Makes the switch have `desired` where it had `installed`, which {@link read} returned, and answers what that
   * took. Whatever comes of a bundle that failed is for the next read to see.
   * @throws SwitchUnreachable, BundleRefused, BundleUnknown
   */
  async become(desired: Keyed<Flow>, installed: Keyed<FlowIdentity>): Promise<Bundle> {
    const bundle = diffFlows(desired, installed);
    const before = this.doubts;
    try {
      this.isSending = true;
      if (bundleSize(bundle) > 0) await this.channel.apply(bundle);
    } catch (error) {
      this.doubt();
      throw error;
    } finally {
      this.isSending = false;
    }
    // The very collection that was wanted: the next one is made from it, and compared with it at the cost of a change.
    if (this.doubts === before && this.known === installed) this.known = desired;
    return bundle;
  }
}

/** How many parts of so many flows are small enough to be read at once: a power of two. */
function partsOf(flows: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(flows / MOST_AT_ONCE)));
}

/** Whether `found` are those flows of `known` whose cookies are in `range`. */
function hasExactly(known: Keyed<FlowIdentity>, found: Keyed<FlowIdentity>, range: CookieRange): boolean {
  let expected = 0;
  for (const { key, text, cookie } of known) {
    if (!isInRange(cookie, range)) continue;
    expected += 1;
    const one = found.get(key);
    if (one?.text !== text || one.cookie !== cookie) return false;
  }
  return expected === found.size;
}
