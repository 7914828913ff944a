import type { NicMove } from './manager.js';
import type { Surroundings } from './surroundings.js';

/** Makes systemd-networkd take up its files. @throws ProductError `ERR_PERSIST` */
export async function takeUpNetworkFiles(
  around: Surroundings,
  _move: NicMove,
  _device: string,
): Promise<void> {
  await around.run('networkctl', 'reload');
}
