import { type Bundle, bundleSize } from '../openflow/bundle.js';
import type { FlowChannel } from '../openflow/channel.js';
import type { Flow, FlowIdentity } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { byKey, diffFlows } from '../openflow/reconcile.js';

/**
 * What the switch has of our flows: read from it whenever there is doubt, and known without asking as long as
 * nothing but our own bundles changed it.
 */
export class InstalledFlows {
  private known: Keyed<FlowIdentity> | undefined;
  private doubts = 0;
  private reading = { at: 0, tookMs: 0 };

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

  /** Whether reading them once more is due, that it take `share` of the time at most. */
  isOld(share: number): boolean {
    return performance.now() - this.reading.at >= this.reading.tookMs / share;
  }

  /** @throws SwitchUnreachable */
  async read(): Promise<Keyed<FlowIdentity>> {
    if (this.known !== undefined) return this.known;
    const before = this.doubts;
    const found = await this.readAll();
    if (this.doubts === before) this.known = found;
    return found;
  }

  /** Reads though there is no doubt, while bundles are sent as ever: what one changed meanwhile is for the next time. */
  async confirm(): Promise<void> {
    const before = this.known;
    if (before === undefined) return;
    try {
      const found = await this.readAll();
      if (this.known === before) this.known = found;
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
      if (bundleSize(bundle) > 0) await this.channel.apply(bundle);
    } catch (error) {
      this.doubt();
      throw error;
    }
    // The very collection that was wanted: the next one is made from it, and compared with it at the cost of a change.
    // Not where an audit has found something else meanwhile.
    if (this.doubts === before && this.known === installed) this.known = desired;
    return bundle;
  }

  private async readAll(): Promise<Keyed<FlowIdentity>> {
    const at = performance.now();
    const found = byKey(await this.channel.readFlows());
    this.reading = { at, tookMs: performance.now() - at };
    return found;
  }
}
