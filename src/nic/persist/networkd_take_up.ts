import { ProductError } from '../../net/errors.js';
import { announceConnectedRoutes } from './connected_routes.js';
import { holdConfiguration } from './hold.js';
import type { NicMove } from './manager.js';
import { ourNetworkFile } from './networkd_files.js';
import { type Surroundings, textOf } from './surroundings.js';

/** Milliseconds in which systemd-networkd configures a device. A lease takes a few seconds of a slow server. */
const CONFIGURE_MS = 30_000;

/** Milliseconds after which systemd-networkd is shown the connected routes; after three times as long again. */
const ANNOUNCE_MS = 300;

/** What systemd-networkd says of a device. */
export interface LinkState {
  /** The file that it configures the device by; `undefined` if none. */
  readonly file: string | undefined;
  readonly isConfigured: boolean;
}

/** Reads what systemd-networkd says of a device; `undefined` if it does not know the device. */
export async function readLinkState(around: Surroundings, device: string): Promise<LinkState | undefined> {
  const state = textOf(around, `/run/systemd/netif/links/${await around.ifindexOf(device)}`);
  if (state === undefined) return undefined;
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(state)?.[1];
  return { file: value('NETWORK_FILE'), isConfigured: value('ADMIN_STATE') === 'configured' };
}

/**
 * Makes systemd-networkd take up its files, and keeps the addresses of `device` meanwhile.
 * @throws ProductError `ERR_PERSIST` if it does not configure the device by them
 */
export async function takeUpNetworkFiles(
  around: Surroundings,
  { nic, bridge }: NicMove,
  device: string,
): Promise<void> {
  const isToBridge = device === bridge;
  const hasTakenUp = async () => {
    const [ofNic, ofBridge] = await Promise.all([readLinkState(around, nic), readLinkState(around, bridge)]);
    const own = isToBridge ? ofBridge : ofNic;
    return (
      own?.isConfigured === true &&
      (ofNic?.file === ourNetworkFile(nic)) === isToBridge &&
      (ofBridge?.file === ourNetworkFile(bridge)) === isToBridge
    );
  };
  const reload = async () => {
    await around.run('networkctl', 'reload');
  };
  let intervalMs = ANNOUNCE_MS;
  let nextMs = performance.now() + intervalMs;
  const isDone = async () => {
    if (await hasTakenUp()) return true;
    if (performance.now() > nextMs) {
      await announceConnectedRoutes(around, device);
      intervalMs *= 3;
      nextMs = performance.now() + intervalMs;
    }
    return false;
  };
  if (await holdConfiguration(device, isDone, CONFIGURE_MS, reload)) return;
  const state = await readLinkState(around, device);
  throw new ProductError(
    'ERR_PERSIST',
    `systemd-networkd has not configured ${device} by ${isToBridge ? ourNetworkFile(bridge) : 'its own file'} within ` +
      `${CONFIGURE_MS / 1000} s (it has ${state?.file ?? 'none'}); see networkctl status ${device}`,
  );
}
