import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { Wakeup } from '../daemon/wakeup.js';
import { watchNetlink } from '../native.js';
import { type RouteHops, routersThrough } from '../net/default_routers.js';
import type { IpAddress } from '../net/ip.js';

/** Routes are read again this often whatever happens; and at most once in the other time, whatever a routing daemon does. */
const AGAIN_MS = { quiet: 60_000, busy: 1_000 } as const;

/** The default gateways of an interface, followed; none while they cannot be read. */
export class RouterSource {
  private found: readonly IpAddress[] = [];

  constructor(
    private readonly device: string,
    private readonly changed: () => void,
  ) {}

  get routers(): readonly IpAddress[] {
    return this.found;
  }

  async follow(signal: AbortSignal): Promise<void> {
    const wakeup = new Wakeup();
    const netlink = watchNetlink(['link', 'ipv4-route', 'ipv6-route'], wakeup.ring);
    while (!signal.aborted) {
      this.found = await this.read();
      this.changed();
      await pause(AGAIN_MS.busy, undefined, { signal }).catch(() => undefined);
      await wakeup.wait(AGAIN_MS.quiet, signal);
    }
    netlink.close();
  }

  private async read(): Promise<readonly IpAddress[]> {
    const families = await Promise.all(['-4', '-6'].map(readDefaultRoutes));
    try {
      return routersOf(families, this.device);
    } catch {
      // None while they cannot be read.
      return [];
    }
  }
}

/** The routers of `device` in the output of `ip -json route show default` (ip-route(8)), each once. */
export function routersOf(outputs: readonly string[], device: string): readonly IpAddress[] {
  const routes = outputs.flatMap((json): readonly RouteHops[] => JSON.parse(json || '[]'));
  return routersThrough(device, routes);
}

async function readDefaultRoutes(family: string): Promise<string> {
  const args = ['-json', family, 'route', 'show', 'default'];
  const { stdout, failed } = await execa('ip', args, { reject: false, timeout: 5_000, stdin: 'ignore' });
  return failed ? '' : stdout;
}
