import { type Bundle, bundleSize } from '../openflow/bundle.js';
import type { FlowChannel } from '../openflow/channel.js';
import { partOfCookie, partOfOurCookies } from '../openflow/cookie.js';
import type { Flow, FlowIdentity } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { readFlows } from '../openflow/read_flows.js';
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
  /** How many flows each part of a collection has, counted once. */
  private readonly sizes = new WeakMap<Keyed<FlowIdentity>, readonly number[]>();

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
    const found = byKey(await readFlows(this.channel));
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
    const sizes = this.sizesOf(before);
    const part = this.confirmed % sizes.length;
    try {
      let found = 0;
      let isSame = true;
      await this.channel.eachFlow(
        (one) => {
          found += 1;
          isSame &&= holds(before, one);
        },
        partOfOurCookies(part, sizes.length),
      );
      if (this.known !== before || this.isSending) return;
      this.confirmed += 1;
      if (found !== sizes[part] || !isSame) this.doubt();
    } catch {
      // Whoever reads next is told why.
      this.doubt();
    }
  }

  private sizesOf(flows: Keyed<FlowIdentity>): readonly number[] {
    const sizes = this.sizes.get(flows) ?? sizesOfParts(flows);
    this.sizes.set(flows, sizes);
    return sizes;
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

function sizesOfParts(flows: Keyed<FlowIdentity>): readonly number[] {
  const sizes = Array.from({ length: partsOf(flows.size) }, () => 0);
  for (const { cookie } of flows) {
    const part = partOfCookie(cookie, sizes.length);
    sizes[part] = (sizes[part] ?? 0) + 1;
  }
  return sizes;
}

function holds(flows: Keyed<FlowIdentity>, { key, text, cookie }: FlowIdentity): boolean {
  const one = flows.get(key);
  return one?.text === text && one.cookie === cookie;
}
