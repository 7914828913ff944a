import { existsSync, readFileSync } from 'node:fs';
import { Wakeup } from '../daemon/wakeup.js';
import { watchNetlink } from '../native.js';
import { ProductError } from '../net/errors.js';

/** Milliseconds between two looks without an event: a rename is notified before the sysctls have the new name. */
const LOOK_MS = 100;

/** Waits until the kernel has device `name`. @throws ProductError `ERR_NO_DEVICE` after `timeoutMs` */
export async function awaitDevice(name: string, timeoutMs: number): Promise<void> {
  await awaitPresence(name, true, timeoutMs);
}

/** Waits until the kernel no longer has device `name`. @throws ProductError `ERR_NO_DEVICE` after `timeoutMs` */
export async function awaitNoDevice(name: string, timeoutMs: number): Promise<void> {
  await awaitPresence(name, false, timeoutMs);
}

/**
 * Returns whether this process's network namespace has device `name`. sysfs cannot tell: it shows the namespace in
 * which it was mounted, such as that of the machine outside of a container.
 */
export function hasDevice(name: string): boolean {
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n');
  return lines.some((line) => line.trimStart().startsWith(`${name}:`));
}

/** Looks after each event of netlink, which the kernel sends once a device is registered or gone, and each 100 ms. */
async function awaitPresence(name: string, isPresent: boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  const never = new AbortController().signal;
  const wakeup = new Wakeup();
  const netlink = watchNetlink(['link'], wakeup.ring);
  try {
    while (hasDevice(name) !== isPresent || hasSysctls(name) !== isPresent) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) {
        const what = isPresent ? 'did not appear' : 'did not go';
        throw new ProductError('ERR_NO_DEVICE', `device ${name} ${what} within ${timeoutMs} ms`);
      }
      await wakeup.wait(Math.min(leftMs, LOOK_MS), never);
    }
  } finally {
    netlink.close();
  }
}

/** A device is listed a little before it has sysctls. */
function hasSysctls(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}
