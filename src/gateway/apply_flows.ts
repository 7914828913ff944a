import { type Bundle, bundleSize } from '../openflow/bundle.js';
import type { FlowChannel } from '../openflow/channel.js';
import { partOfCookie, partOfOurCookies } from '../openflow/cookie.js';
import type { Flow, FlowIdentity } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { readFlows } from '../openflow/read_flows.js';
import { byKey, diffFlows } from '../openflow/reconcile.js';

/** Reading 2,000 flows blocks the switch for about 25 ms, which is acceptable even where one thread also forwards. */
const MOST_AT_ONCE = 2_000;

/**
 * Our flows on the switch. They are read when in doubt. While only our own bundles change them they are known without
 * reading.
 */
export class InstalledFlows {
  /** The flows of the switch; `undefined` while in doubt. */
  private known: Keyed<FlowIdentity> | undefined;
  private doubts = 0;
  /** How many parts were confirmed so far. */
  private confirmed = 0;
  private isSending = false;
  /** The number of flows in each part of a collection, counted once. */
  private readonly sizes = new WeakMap<Keyed<FlowIdentity>, readonly number[]>();

  constructor(private readonly channel: FlowChannel) {}

  /** Whether nothing happened since the flows were read. */
  get isKnown(): boolean {
    return this.known !== undefined;
  }

  /** Makes the next {@link read} ask the switch: something changed its flows, or may have. */
  doubt(): void {
    this.known = undefined;
    this.doubts++;
  }

  /** Returns our flows on the switch. @throws SwitchUnreachable */
  async read(): Promise<Keyed<FlowIdentity>> {
    if (this.known !== undefined) return this.known;
    const before = this.doubts;
    const found = byKey(await readFlows(this.channel));
    if (this.doubts === before) this.known = found;
    return found;
  }

  /**
   * Reads flows that are not in doubt, and doubts them if they differ. Each call reads one part, so that its cost does
   * not grow with the number of flows. Bundles may be sent meanwhile: the next call reads that part again.
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
      // The next read fails for the same reason, and reports it.
      this.doubt();
    }
  }

  private sizesOf(flows: Keyed<FlowIdentity>): readonly number[] {
    const sizes = this.sizes.get(flows) ?? sizesOfParts(flows);
    this.sizes.set(flows, sizes);
    return sizes;
  }

  /**
   * Makes the switch have `desired` instead of `installed`, which {@link read} returned. After a bundle that failed the
   * flows are in doubt.
   * @returns the bundle that this took; an empty one was not sent
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
    // `desired` itself: the next collection is made from it, so that comparing the two costs only what changed.
    if (this.doubts === before && this.known === installed) this.known = desired;
    return bundle;
  }
}

/** Returns the number of parts, a power of two, that are small enough to be read at once. */
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
