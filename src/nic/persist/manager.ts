import type { DatapathType } from '../../switch/bridges.js';

/** The network managers whose configuration can be moved to a bridge. */
export const MANAGER_NAMES = ['ifupdown', 'systemd-networkd', 'netplan', 'networkmanager'] as const;
export type ManagerName = (typeof MANAGER_NAMES)[number];

/** What `--persist` accepts: a manager, the one that configures the NIC, or none. */
export const PERSIST_CHOICES = ['auto', 'none', ...MANAGER_NAMES] as const;
export type PersistChoice = (typeof PERSIST_CHOICES)[number];

/** A NIC whose configuration goes to a bridge. */
export interface NicMove {
  readonly nic: string;
  readonly bridge: string;
  /** The MAC of both. */
  readonly mac: string;
  /** The bridge's datapath, which decides what kind of device its own port is; known when files are planned. */
  readonly datapath?: DatapathType;
}

/** What one file must become. `before` or `after` is `undefined` if the file is absent then. */
export interface FileChange {
  /** Absolute, below the manager's root folder. */
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Why it changes, for the operator: `gives breth0 the configuration of eth0`. */
  readonly why: string;
  /** The permissions of a file that is made; 0644 without it. A file that changes keeps its own. */
  readonly mode?: number;
  /** A file whose owner and permissions a file that is made gets, since it has its text. */
  readonly like?: string;
}

/** A program that configures network devices at boot, as far as the move of a NIC needs it. */
export interface Manager {
  readonly name: ManagerName;
  /** The DHCP client whose lease {@link takeUp} hands over; without it, `--restart-dhcp` does. */
  readonly renews?: 'systemd-networkd' | 'NetworkManager';
  /** Says how it is known that this manager configures the NIC; `undefined` if it does not. */
  find(nic: string): Promise<string | undefined>;
  /**
   * Returns the changes that make the NIC's configuration outlive a reboot on the bridge, in an order in which the host
   * has a network after a power loss between any two of them: the bridge's files before the NIC's.
   * @throws ProductError `ERR_PERSIST`
   */
  plan(move: NicMove): Promise<readonly FileChange[]>;
  /**
   * Makes the manager take up the files, without cutting off the host. It is called after the move in either direction,
   * when the files are written.
   * @param device the device that has the addresses: the bridge after the move, the NIC after the way back
   * @throws ProductError `ERR_PERSIST`
   */
  takeUp(move: NicMove, device: string): Promise<void>;
}
