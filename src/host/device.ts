import { existsSync, readFileSync } from 'node:fs';
import { sleep } from '../daemon/sleep.js';
import { ProductError } from '../net/errors.js';

const POLL_MS = 2;

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

/** Looks at sysctls too: while a device is being registered it is listed before it has them. */
async function awaitPresence(name: string, isPresent: boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  const sysctls = `/proc/sys/net/ipv4/conf/${name}`;
  while (hasDevice(name) !== isPresent || existsSync(sysctls) !== isPresent) {
    if (performance.now() > end) {
      const what = isPresent ? 'did not appear' : 'did not go';
      throw new ProductError(
        'ERR_NO_DEVICE',
        `device ${name} ${what} within ${timeoutMs} ms; is ovs-vswitchd running?`,
      );
    }
    await sleep(POLL_MS);
  }
}
