import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ProductError } from '../net/errors.js';

/**
 * Waits for the kernel's device, not for the database to say that it is there. A device that is being registered has
 * its place in sysfs before it has its sysctls.
 */
export async function awaitDevice(name: string, present: boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  const signs = [`/sys/class/net/${name}`, `/proc/sys/net/ipv4/conf/${name}`];
  while (signs.some((sign) => existsSync(sign) !== present)) {
    if (performance.now() > end) {
      const what = present ? 'did not appear' : 'did not go';
      throw new ProductError(
        'ERR_NO_DEVICE',
        `device ${name} ${what} within ${timeoutMs} ms; is ovs-vswitchd running?`,
      );
    }
    await pause(2);
  }
}
