import { sleep } from '../daemon/sleep.js';
import { runIp } from '../host/iproute_write.js';
import { readLinks } from '../host/read_snapshot.js';
import { NeighbourSocket } from '../neighbour/neighbour_socket.js';
import { probe } from '../neighbour/probe.js';
import { resolve } from '../neighbour/resolve.js';
import { explainError, ProductError } from '../net/errors.js';
import { familyOf, type IpAddress } from '../net/ip.js';
import { type MacAddress, parseMac } from '../net/mac.js';
import type { Device } from './physical.js';

/** What must be true on the network of a gateway's device. */
export interface WireClaims {
  readonly device: Device;
  /** `--physical-ip`: no other host may answer for these. */
  readonly addresses: readonly IpAddress[];
  /** `--default-gw`: a router must answer for each. */
  readonly gateways: readonly IpAddress[];
}

/** How long to wait for a second answer after a gateway's first, in milliseconds. */
const SETTLE_MS = 100;
const ETHERNET = 'ether';

/**
 * Asks on the wire whether another host has the gateway's addresses, and whether its default gateways answer. Sets a
 * NIC up that is down, and down again if the check refuses.
 * @param force turns refusals into notes
 * @returns notes for the operator, one line each
 * @throws ProductError `ERR_ADDRESS_CONFLICT`, `ERR_GATEWAY_SILENT`, and those of {@link NeighbourSocket}
 */
export async function checkWire(
  claims: WireClaims,
  { force, timeoutMs }: { readonly force: boolean; readonly timeoutMs: number },
): Promise<string[]> {
  const { device } = claims;
  const own = await ownMacs();
  const opened = await openSocket(device, timeoutMs).catch((error: unknown) => {
    if (!force) throw error;
    return explainError(error);
  });
  if (typeof opened === 'string') return [`the network of ${device.name} was not checked: ${opened}`];
  const { socket, giveUp } = opened;
  try {
    const { problems, notes } = await look(socket, claims, own, timeoutMs);
    const [first] = problems;
    if (first !== undefined && !force) throw first;
    return [...problems.map(({ message }) => message), ...notes];
  } catch (error) {
    await giveUp();
    throw error;
  } finally {
    socket.close();
  }
}

async function look(
  socket: NeighbourSocket,
  { addresses, gateways }: WireClaims,
  own: ReadonlySet<MacAddress>,
  timeoutMs: number,
): Promise<{ readonly problems: readonly ProductError[]; readonly notes: readonly string[] }> {
  const conflicts = await probe(socket, addresses, { own });
  const free = addresses.filter((address) => conflicts.every((one) => one.address !== address));
  const found = await Promise.all(
    gateways.map((gateway) => {
      const source = free.find((address) => familyOf(address) === familyOf(gateway));
      return resolve(socket, gateway, { source, timeoutMs, settleMs: SETTLE_MS });
    }),
  );
  const taken = conflicts.map(
    ({ address, mac }) =>
      new ProductError(
        'ERR_ADDRESS_CONFLICT',
        `--physical-ip=${address}: ${mac} on the network of ${socket.name} has it already; give an address of this host, or --force`,
      ),
  );
  const silent = found.filter(({ macs }) => macs.length === 0);
  const shared = found.filter(({ macs }) => macs.length > 1);
  return {
    problems: [
      ...taken,
      ...silent.map(
        ({ address }) =>
          new ProductError(
            'ERR_GATEWAY_SILENT',
            `--default-gw=${address}: no answer on ${socket.name} within ${timeoutMs} ms; name a router of that network, or --force`,
          ),
      ),
    ],
    notes: shared.map(({ address, macs }) => `${macs.join(' and ')} both answer for --default-gw=${address}`),
  };
}

/** Returns the MACs of this host's own interfaces: an answer from one of them is not a conflict. */
async function ownMacs(): Promise<ReadonlySet<MacAddress>> {
  const links = await readLinks();
  return new Set(
    links.flatMap(({ link_type, address }) =>
      link_type === ETHERNET && address !== undefined ? [parseMac(address)] : [],
    ),
  );
}

async function openSocket(
  { kind, name }: Device,
  timeoutMs: number,
): Promise<{ readonly socket: NeighbourSocket; giveUp(): Promise<void> }> {
  try {
    return { socket: new NeighbourSocket(name), giveUp: async () => {} };
  } catch (error) {
    if (kind !== 'nic' || !(error instanceof ProductError && error.code === 'ERR_LINK_DOWN')) throw error;
  }
  const giveUp = () => runIp('link', 'set', name, 'down');
  await runIp('link', 'set', name, 'up');
  try {
    await awaitCarrier(name, timeoutMs);
    return { socket: new NeighbourSocket(name), giveUp };
  } catch (error) {
    await giveUp();
    throw error;
  }
}

async function hasCarrier(name: string): Promise<boolean> {
  const link = (await readLinks()).find(({ ifname }) => ifname === name);
  return link?.flags.includes('LOWER_UP') === true;
}

/** Waits until the NIC has a carrier; no frame leaves before. @throws ProductError `ERR_LINK_DOWN` */
async function awaitCarrier(name: string, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await hasCarrier(name))) {
    if (performance.now() > end)
      throw new ProductError(
        'ERR_LINK_DOWN',
        `--physical-interface=${name}: has no carrier after ${timeoutMs} ms; is its cable plugged in?`,
      );
    await sleep(20);
  }
}
