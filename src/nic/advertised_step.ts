import { addAdvertised, advertisedText, deleteAdvertised } from '../host/advertised_routes.js';
import { acceptRaSysctl, acceptsAdvertisements } from '../host/advertisements.js';
import { readAdvertised, readTemporary } from '../host/read_snapshot.js';
import type { AdvertisedRoute, Snapshot } from '../host/snapshot.js';
import { readSysctl, sysctlPath, writeSysctls } from '../host/sysctls.js';
import { routerSolicitation } from '../neighbour/discovery.js';
import { NeighbourSocket } from '../neighbour/neighbour_socket.js';
import { explainError } from '../net/errors.js';
import { isIpv6, isLinkLocal, parseIp } from '../net/ip.js';
import type { Plan } from './plan.js';

/** The routes that the first step has given to the other device, for the second one. */
export interface AdvertisedMove {
  readonly from: Snapshot;
  readonly to: string;
  routes: readonly AdvertisedRoute[];
}

/**
 * Adds the step that gives the advertised routes of a device to another one, in the form that the kernel renews. Both
 * devices have them until {@link addAdvertisedEnd}, so the host always has a default route.
 */
export function addAdvertisedStart(plan: Plan, from: Snapshot, to: string): AdvertisedMove {
  const move: AdvertisedMove = { from, to, routes: from.advertised ?? [] };
  if (move.routes.length === 0) return move;
  plan.add({
    name: `give ${to} the routes that routers advertise on ${from.device}`,
    details: move.routes.map((route) => `route add ${advertisedText(route, to)}`),
    run: async () => {
      move.routes = await readAdvertised(from.device);
      addAdvertised(to, move.routes);
    },
    undo: async () => {
      addAdvertised(from.device, move.routes);
      deleteAdvertised(to, move.routes);
    },
  });
  return move;
}

/**
 * Adds the step that deletes these routes from the first device, after the addresses have moved. It deletes the routes
 * of addresses that expire too: the kernel leaves them when such an address is deleted.
 */
export function addAdvertisedEnd(plan: Plan, move: AdvertisedMove): void {
  const { from, to } = move;
  const mayRemain = from.addresses.some(({ family, dynamic }) => family === 'inet6' && dynamic === true);
  if (move.routes.length === 0 && !mayRemain) return;
  plan.add({
    name: `delete the routes that ${from.device} has for a time`,
    details: move.routes.map((route) => `route del ${advertisedText(route, from.device)}`),
    run: async () => {
      // An address that was added meanwhile can have changed the form of the route to its prefix.
      addAdvertised(to, move.routes);
      deleteAdvertised(from.device, [...move.routes, ...(await readTemporary(from.device))]);
    },
    undo: async () => addAdvertised(from.device, move.routes),
  });
}

/**
 * Adds the step that makes the bridge accept router advertisements as the NIC does, and asks the routers for one. Until
 * then `prepare_step.ts` keeps them off: the kernel would add routes and addresses in the middle of the move.
 */
export function addAcceptance(plan: Plan, nic: Snapshot, bridge: string): void {
  const path = sysctlPath(acceptRaSysctl(bridge));
  const value = readSysctl(acceptRaSysctl(nic.device));
  if (value === undefined || value === '0') return;
  plan.add({
    name: `accept router advertisements on ${bridge} as on ${nic.device}`,
    details: [`sysctl ${acceptRaSysctl(bridge)}=${value}`],
    run: async () => {
      writeSysctls([{ path, value, old: '0' }]);
      solicit(plan, bridge, nic);
    },
    undo: async () => writeSysctls([{ path, value: '0', old: value }]),
  });
}

/**
 * Asks the routers of a device for their advertisements, if the kernel accepts them. A router sends the next one only
 * after minutes otherwise, and what it has advertised can end before.
 * @param snapshot has the addresses of the device
 */
export function solicit(plan: Plan, device: string, { addresses }: Snapshot): void {
  if (!acceptsAdvertisements(device)) return;
  const sender = addresses
    .filter(({ family, tentative, dadfailed }) => family === 'inet6' && !tentative && !dadfailed)
    .map(({ local }) => parseIp(local))
    .filter(isIpv6)
    .find(isLinkLocal);
  try {
    const socket = new NeighbourSocket(device);
    try {
      socket.send(routerSolicitation(socket.mac, sender));
    } finally {
      socket.close();
    }
  } catch (error) {
    plan.note(`the routers of ${device} could not be asked for an advertisement: ${explainError(error)}`);
  }
}
