import type { Bundle } from '../openflow/bundle.js';
import type { FlowChannel } from '../openflow/channel.js';
import type { InstalledFlow } from '../openflow/flow.js';

/**
 * What the switch has of our flows: read from it whenever there is doubt, and known without asking as long as
 * nothing but our own bundles changed it.
 */
export class InstalledFlows {
  private known: readonly InstalledFlow[] | undefined;
  private doubts = 0;

  constructor(private readonly channel: FlowChannel) {}

  /** Something happened to the switch, or may have. */
  doubt(): void {
    this.known = undefined;
    this.doubts++;
  }

  /** @throws SwitchUnreachable */
  async read(): Promise<readonly InstalledFlow[]> {
    if (this.known !== undefined) return this.known;
    const before = this.doubts;
    const found = await this.channel.readFlows();
    if (this.doubts === before) this.known = found;
    return found;
  }

  /**
   * Sends a bundle, made for what {@link read} returned. Whatever comes of one that failed is for the next read to see.
   * @throws SwitchUnreachable, BundleRefused, BundleUnknown
   */
  async apply(bundle: Bundle, installed: readonly InstalledFlow[]): Promise<void> {
    const before = this.doubts;
    try {
      await this.channel.apply(bundle);
    } catch (error) {
      this.doubt();
      throw error;
    }
    if (this.doubts === before) this.known = afterwards(installed, bundle);
  }
}

function afterwards(installed: readonly InstalledFlow[], { add, remove }: Bundle): InstalledFlow[] {
  const changed = new Set([...add, ...remove].map(({ key }) => key));
  const added = add.map(({ cookie, key, text }) => ({ cookie, key, text, packets: 0n, bytes: 0n }));
  return [...installed.filter(({ key }) => !changed.has(key)), ...added];
}
