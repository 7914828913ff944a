import type { BridgeState } from '../demux/state.js';
import type { FlowChannel } from '../openflow/channel.js';
import type { Ofport } from '../openflow/ofport.js';
import type { ConnectionLimit } from './apply_connection_limit.js';

/**
 * The settings of the switch that the flows rely on: later fragments match as such, and no copy of a flooded frame goes
 * to OVN. The switch sends no event when a setting changes, so settings are read only after each doubt.
 */
export class BridgeSettings {
  private isDoubtful = true;
  private patch: Ofport | undefined;

  /** @param limit bounds the tracked connections; by default nothing does */
  constructor(
    private readonly channel: FlowChannel,
    private readonly limit?: Pick<ConnectionLimit, 'reconcile'>,
  ) {}

  /** Makes the next {@link reconcile} read the settings. */
  doubt(): void {
    this.isDoubtful = true;
  }

  /**
   * Sets what differs, if the settings are in doubt or the patch port is new.
   * @returns what was changed, each for one log line
   * @throws SwitchUnreachable
   */
  async reconcile({ patch }: BridgeState): Promise<readonly string[]> {
    if (!this.isDoubtful && patch === this.patch) return [];
    // First, so that a doubt that comes while this runs is kept for the next call.
    this.isDoubtful = false;
    try {
      const changed = await this.setWhatDiffers(patch);
      this.patch = patch;
      return changed;
    } catch (error) {
      this.isDoubtful = true;
      throw error;
    }
  }

  private async setWhatDiffers(patch: Ofport | undefined): Promise<readonly string[]> {
    const actual = await this.channel.readSettings();
    const changed: string[] = [];
    if (actual.fragments !== 'nx-match') {
      await this.channel.setFragments('nx-match');
      changed.push(`fragments ${actual.fragments} -> nx-match`);
    }
    if (patch !== undefined && !actual.noFlood.has(patch)) {
      await this.channel.setNoFlood(patch, true);
      changed.push(`port ${patch} no-flood`);
    }
    return [...changed, ...((await this.limit?.reconcile()) ?? [])];
  }
}
