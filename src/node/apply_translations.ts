import type { Problems } from '../daemon/problems.js';
import { deleteUdpEntries, type Target, udpTargets } from '../host/conntrack.js';
import { explainError } from '../net/errors.js';
import { FAMILIES, type Family } from '../net/ip.js';
import type { Sets } from './desired_sets.js';
import type { ElementChange } from './state_claims.js';
import { ChangedTranslations } from './state_translations.js';

/** The kernel's connection tracking. */
export interface ConntrackIo {
  targets(family: Family, isWanted: (target: Target) => boolean): Promise<readonly Target[]>;
  delete(family: Family, target: Target): Promise<void>;
}

const OWNER = 'translated udp';
/** The largest number of deletions in one step; each is a process of 4 ms. A later step does the rest. */
const MAX_DELETIONS = 256;

/** Ends the host's UDP conversations whose translation changed, so that their next packet is translated as it should be. */
export class TranslatedUdp {
  private readonly changed = new ChangedTranslations();

  constructor(
    private readonly problems: Pick<Problems, 'set'>,
    private readonly io: ConntrackIo = KERNEL,
  ) {}

  /**
   * Deletes the entries of what changed, and what an earlier call could not delete.
   * @param sets the elements that the table has now
   */
  async end(changes: readonly ElementChange[], sets: Sets): Promise<void> {
    this.changed.add(changes);
    if (!this.changed.mayHave(sets)) return this.changed.clear();
    try {
      const counts = [];
      for (const family of FAMILIES) counts.push(await this.endOf(family, sets));
      if (counts.every((count) => count < MAX_DELETIONS)) this.changed.clear();
      this.problems.set(OWNER, []);
    } catch (error) {
      this.problems.set(OWNER, [explainError(error)]);
    }
  }

  private async endOf(family: Family, sets: Sets): Promise<number> {
    const found = await this.io.targets(family, (one) => this.changed.has(one, sets));
    for (const target of found.slice(0, MAX_DELETIONS)) await this.io.delete(family, target);
    return found.length;
  }
}

const KERNEL: ConntrackIo = { targets: udpTargets, delete: deleteUdpEntries };
