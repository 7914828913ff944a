import { findBridge } from './bridges.js';
import type { LocalDatabase } from './connection.js';

/** Returns the name that the commands `dpctl/…` of ovs-vswitchd have for the datapath of a bridge (ovs-vswitchd(8)). */
export function datapathName(db: LocalDatabase, bridge: string): string {
  return findBridge(db, bridge)?.datapath_type === 'netdev' ? 'netdev@ovs-netdev' : 'system@ovs-system';
}
