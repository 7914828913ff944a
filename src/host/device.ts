import { existsSync } from 'node:fs';
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

/** Looks at sysctls too: while a device is being registered it is in sysfs before it has them. */
async function awaitPresence(name: string, isPresent: boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  const paths = [`/sys/class/net/${name}`, `/proc/sys/net/ipv4/conf/${name}`];
  while (paths.some((path) => existsSync(path) !== isPresent)) {
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
