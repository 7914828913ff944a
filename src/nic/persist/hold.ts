import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { Wakeup } from '../../daemon/wakeup.js';
import { readSnapshot } from '../../host/read_snapshot.js';
import type { Snapshot } from '../../host/snapshot.js';
import { watchNetlink } from '../../native.js';
import { moveBatches } from '../batch.js';
import { emptyOn } from '../on_device.js';
import { runLines } from './run_lines.js';

/** Milliseconds between two looks without an event of netlink. */
const LOOK_MS = 100;
/** How often what is missing is added again: a manager that deletes it each time is right in the end. */
const MAX_REPAIRS = 10;

/** RTPROT_RA (linux/rtnetlink.h). */
const BY_ROUTER: readonly string[] = ['9', 'ra'];
/** Seconds for which a route of a router advertisement is added again. */
const BRIEF_S = 10;

/**
 * Keeps the addresses and routes of a device while a network manager takes the device over. systemd-networkd first
 * deletes what its files do not name, such as the address of a lease that it has not asked for yet. Looks after each event
 * of netlink, and adds what is missing again.
 * @param isDone whether the manager has finished; it is asked after each look
 * @returns whether the manager finished within `timeoutMs`
 */
export async function holdConfiguration(
  device: string,
  isDone: () => boolean | Promise<boolean>,
  timeoutMs: number,
  start: () => Promise<void>,
): Promise<boolean> {
  const never = new AbortController().signal;
  const wakeup = new Wakeup();
  const netlink = watchNetlink(['ipv4-ifaddr', 'ipv6-ifaddr', 'ipv4-route', 'ipv6-route'], wakeup.ring);
  try {
    const lines = linesToAdd(await readSnapshot(device));
    const wanted = presentOn(device);
    const end = performance.now() + timeoutMs;
    let isStarted = false;
    let failure: unknown;
    void start()
      .then(() => {
        isStarted = true;
      })
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(wakeup.ring);
    for (let repairs = 0; performance.now() < end; ) {
      // The last look comes after the manager has finished.
      const isEnd = isStarted && (await isDone());
      const now = presentOn(device);
      if (repairs < MAX_REPAIRS && [...wanted].some((one) => !now.has(one))) {
        repairs += 1;
        await runLines(lines);
      }
      if (failure !== undefined) throw failure;
      if (isEnd) return true;
      await wakeup.wait(LOOK_MS, never);
    }
    return false;
  } finally {
    netlink.close();
  }
}

/**
 * Returns the lines of `ip -batch` that add a device's addresses and routes. Those of router advertisements expire soon:
 * the manager asks the routers, and must be able to delete what they no longer advertise.
 */
export function linesToAdd(snapshot: Snapshot): readonly string[] {
  const routes = snapshot.routes.map((route) => {
    const isAdvertised = route.family === 6 && BY_ROUTER.includes(String(route.protocol));
    return isAdvertised ? { ...route, expires: Math.min(route.expires || BRIEF_S, BRIEF_S) } : route;
  });
  const wanted = { ...snapshot, routes, neighbours: [], rules: [] };
  const nothing = emptyOn(snapshot, snapshot.device);
  const { additions, lines } = moveBatches({ wanted, from: nothing, to: nothing });
  return [...additions, ...lines];
}

/** Returns the addresses and routes of a device as keys. No process is started, since a look must not take long. */
function presentOn(device: string): Set<string> {
  const addresses = Object.entries(networkInterfaces())
    .filter(([name]) => name === device || name.startsWith(`${device}:`))
    .flatMap(([, infos]) => (infos ?? []).map(({ address }) => address));
  return new Set([
    ...addresses,
    ...routesIn('/proc/net/route', device),
    ...routesIn('/proc/net/ipv6_route', device),
  ]);
}

/** Returns the routes of a device in a file of proc(5), without counters and flags. */
function routesIn(file: string, device: string): string[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return lines
    .filter((fields) => fields.includes(device))
    .map((fields) =>
      // Destination, gateway, metric, mask; destination, its length, next hop, metric.
      [...(fields[0] === device ? [1, 2, 6, 7] : [0, 1, 4, 5])].map((index) => fields[index]).join(' '),
    );
}
