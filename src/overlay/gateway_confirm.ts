import { Confirmation } from '../confirm/confirmation.js';
import { lockMoves } from '../confirm/move_lock.js';
import { type FormerNic, isDue, refuseUnconfirmed, UnconfirmedStore } from '../confirm/unconfirmed.js';
import { bootTime, secondsBetween } from '../host/boot_time.js';
import { hasDevice } from '../host/device.js';
import { readSnapshot } from '../host/read_snapshot.js';
import { ProductError } from '../net/errors.js';
import { localPortName } from '../ovn/names.js';
import { connectLocalDatabase } from '../switch/connection.js';
import { IFACE_ID, NODE_NAME } from '../switch/external_ids.js';
import { disconnectHost, type GatewayDeinitOptions, gatewayDeinit } from './gateway_deinit.js';
import { type GatewayOptions, gatewayInit } from './gateway_init.js';

/** Where the record of an unconfirmed command and the lock of moves are. */
export interface ConfirmFolders {
  readonly rundir: string;
  readonly stateDir: string;
}

/**
 * Runs `gateway-init`, and lets it be taken back unless it is confirmed within `confirmMs` milliseconds.
 * @returns notes for the operator, one line each
 * @throws ProductError `ERR_UNCONFIRMED`, or `ERR_CANNOT_USE` if the host is a gateway already
 */
export async function gatewayInitConfirmed(
  options: GatewayOptions,
  confirmMs: number | undefined,
  { rundir, stateDir }: ConfirmFolders,
): Promise<string[]> {
  const store = new UnconfirmedStore(stateDir);
  refuseUnconfirmed(store, bootTime());
  if (confirmMs === undefined) return gatewayInit(options);
  const lock = lockMoves(rundir);
  try {
    const { node, device, sysctlDir, db, timeoutMs } = options;
    await refuseGateway(options);
    const nics: FormerNic[] =
      device.kind === 'nic' && hasDevice(device.name)
        ? [{ bridge: '', snapshot: await readSnapshot(device.name) }]
        : [];
    const confirmation = await Confirmation.begin(store, confirmMs, {
      command: `gateway-init ${node}`,
      inverse: [
        ...['gateway-deinit', '--take-back', `--node-name=${node}`, `--sysctl-dir=${sysctlDir}`],
        ...[`--db=${db}`, `--timeout=${timeoutMs / 1_000}`],
      ],
      nics,
    });
    try {
      const notes = await gatewayInit(options);
      return [...notes, confirmation.succeeded()];
    } catch (error) {
      confirmation.failed();
      throw error;
    }
  } finally {
    lock.close();
  }
}

/** Runs `gateway-deinit`, after which a `gateway-init` needs no confirmation. */
export async function gatewayDeinitConfirmed(
  options: GatewayDeinitOptions,
  { stateDir }: ConfirmFolders,
): Promise<boolean> {
  const wasGateway = await gatewayDeinit(options);
  const store = new UnconfirmedStore(stateDir);
  if (store.read()?.command === `gateway-init ${options.node}`) store.remove();
  return wasGateway;
}

/**
 * Takes back a `gateway-init` that was not confirmed in time, wherever it stopped. If OVN's database does not answer,
 * takes back what concerns this host, and throws: the caller tries again. Does nothing for a command that was confirmed.
 * @param restore gives a dedicated NIC what it had, `seconds` ago; `undefined` after a reboot
 */
export async function takeBackGateway(
  options: GatewayDeinitOptions,
  { rundir, stateDir }: ConfirmFolders,
  restore: (nic: FormerNic, seconds: number) => Promise<void>,
): Promise<void> {
  const lock = lockMoves(rundir);
  try {
    const store = new UnconfirmedStore(stateDir);
    const [one, now] = [store.read(), bootTime()];
    if (one === undefined || !isDue(one, now)) return;
    const restoreAll = async () => {
      if (one.at.boot === now.boot)
        for (const nic of one.nics) await restore(nic, secondsBetween(one.at, now));
    };
    try {
      await gatewayDeinit(options);
    } catch (error) {
      await disconnectLocally(options);
      await restoreAll();
      throw error;
    }
    await restoreAll();
    store.remove();
  } finally {
    lock.close();
  }
}

/** `gateway-deinit` would take back more than a second `gateway-init` did. */
async function refuseGateway({ db, timeoutMs, node, device }: GatewayOptions): Promise<void> {
  const local = await connectLocalDatabase(db, timeoutMs);
  try {
    const isGateway =
      local.find('Bridge', ({ external_ids }) => external_ids.has(NODE_NAME)) !== undefined ||
      local.find(
        'Interface',
        ({ external_ids }) => external_ids.get(IFACE_ID) === localPortName(device.name, node),
      ) !== undefined;
    if (isGateway)
      throw new ProductError(
        'ERR_CANNOT_USE',
        `${node} is a gateway already, and --confirm would remove it; run gateway-init without --confirm, or gateway-deinit first`,
      );
  } finally {
    local.close();
  }
}

async function disconnectLocally(options: GatewayDeinitOptions): Promise<void> {
  const local = await connectLocalDatabase(options.db, options.timeoutMs);
  try {
    await disconnectHost(local, options);
  } finally {
    local.close();
  }
}
