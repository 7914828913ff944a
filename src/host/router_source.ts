import { execa } from 'execa';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import { watchNetlink } from '../native.js';
import { type RouteHops, routersThrough } from '../net/default_routers.js';
import type { IpAddress } from '../net/ip.js';
import { parseIpJson } from './ip_json.js';
import { ROUTE } from './ip_shapes.js';

/**
 * Routes are read again after `quiet` milliseconds without an event. Reads are at least `busy` milliseconds apart, even
 * if a routing daemon changes many routes.
 */
const AGAIN_MS = { quiet: 60_000, busy: 1_000 } as const;

/** The default gateways that are reached through a device, or through any; none while they cannot be read. */
export class RouterSource implements Source {
  private found: readonly IpAddress[] = [];
  private isRead = false;

  constructor(
    private readonly device: string | undefined,
    private readonly changed: () => void,
  ) {}

  /** Whether the routes were read once. */
  get hasRead(): boolean {
    return this.isRead;
  }

  get routers(): readonly IpAddress[] {
    return this.found;
  }

  async run(signal: AbortSignal): Promise<void> {
    const wakeup = new Wakeup();
    const netlink = watchNetlink(['link', 'ipv4-route', 'ipv6-route'], wakeup.ring);
    while (!signal.aborted) {
      const found = await this.read();
      // The same list while nothing changes.
      if (found.join() !== this.found.join()) this.found = found;
      this.isRead = true;
      this.changed();
      await sleep(AGAIN_MS.busy, signal);
      await wakeup.wait(AGAIN_MS.quiet, signal);
    }
    netlink.close();
  }

  private async read(): Promise<readonly IpAddress[]> {
    const outputs = await Promise.all(['-4', '-6'].map(readDefaultRoutes));
    try {
      return parseRouters(outputs, this.device);
    } catch {
      return [];
    }
  }
}

/**
 * Returns the routers of `device`, or of all devices, in the output of `ip -json route show default` (ip-route(8)), each once.
 * @throws ProductError
 */
export function parseRouters(outputs: readonly string[], device: string | undefined): readonly IpAddress[] {
  const routes = outputs.flatMap((json) => parseIpJson<RouteHops>(json, ROUTE));
  return routersThrough(device, routes);
}

async function readDefaultRoutes(family: string): Promise<string> {
  const args = ['-json', family, 'route', 'show', 'default'];
  const { stdout, failed } = await execa('ip', args, { reject: false, timeout: 5_000, stdin: 'ignore' });
  return failed ? '' : stdout;
}
