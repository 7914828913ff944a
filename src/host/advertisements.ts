import { readSysctl } from './sysctls.js';

/** Returns the sysctl, as {@link readSysctl} takes it, that says when an interface accepts router advertisements. */
export function acceptRaSysctl(device: string): string {
  return `net/ipv6/conf/${device}/accept_ra`;
}

/** Returns whether the kernel accepts router advertisements on an interface (ip-sysctl.rst, `accept_ra`). */
export function acceptsAdvertisements(device: string, read: typeof readSysctl = readSysctl): boolean {
  const value = (name: string) => read(`net/ipv6/conf/${device}/${name}`);
  if (value('disable_ipv6') !== '0') return false;
  const accept = Number(value('accept_ra') ?? 0);
  return value('forwarding') === '0' ? accept !== 0 : accept === 2;
}
