import { ProductError } from '../net/errors.js';
import type { BridgeFacts } from '../switch/bridge_facts.js';
import { patchName } from '../switch/patch_pair.js';
import type { Intent } from './options.js';

/** Refuses a bridge or NIC that does not exist. @throws ProductError `ERR_NO_BRIDGE`, `ERR_NO_PORT` */
export function refuseWrongNames(
  facts: BridgeFacts | undefined,
  { bridge, physicalInterface }: Pick<Intent, 'bridge' | 'physicalInterface'>,
): void {
  if (facts === undefined) {
    throw new ProductError(
      'ERR_NO_BRIDGE',
      `--physical-bridge=${bridge}: there is no such bridge; ovn-k8s-util nics-to-bridge makes it`,
    );
  }
  const nics = facts.ports
    .map(({ name }) => name)
    .filter((name) => name !== bridge && name !== patchName(bridge));
  if (!nics.includes(physicalInterface)) {
    throw new ProductError(
      'ERR_NO_PORT',
      `--physical-interface=${physicalInterface}: is not a NIC of ${bridge}, which has ${nics.join(', ') || 'none'}; ovn-k8s-util nics-to-bridge puts one there`,
    );
  }
}

/**
 * Waits for the first flows, so that the helper is ready only once they are in place.
 * @throws ProductError `ERR_NO_SWITCH` after `timeoutMs`, with the message that `why` returns
 */
export async function withinTimeout(
  flows: Promise<void>,
  timeoutMs: number,
  why: () => string,
): Promise<void> {
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new ProductError('ERR_NO_SWITCH', why())), timeoutMs).unref();
  });
  await Promise.race([flows, late]);
}
