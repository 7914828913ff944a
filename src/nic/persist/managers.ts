import { Ifupdown } from './ifupdown.js';
import type { Manager } from './manager.js';
import { Netplan } from './netplan.js';
import { Networkd } from './networkd.js';
import { NetworkManager } from './networkmanager.js';
import { surroundings } from './surroundings.js';

/** Returns the managers that `--persist` knows, in the order in which `auto` names them. */
export function knownManagers(): readonly Manager[] {
  const around = surroundings();
  return [new Ifupdown(around), new Networkd(around), new Netplan(around), new NetworkManager(around)];
}
