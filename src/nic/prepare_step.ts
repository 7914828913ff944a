import { acceptRaSysctl } from '../host/advertisements.js';
import { runIp } from '../host/iproute_write.js';
import type { Snapshot } from '../host/snapshot.js';
import {
  readSysctl,
  reversed,
  type SysctlChange,
  sysctlChanges,
  sysctlPath,
  sysctlText,
  writeSysctls,
} from '../host/sysctls.js';
import type { LocalDatabase } from '../switch/connection.js';
import { awaitPortDevice } from '../switch/opened_port.js';
import type { Plan } from './plan.js';

/**
 * Adds the step that prepares the bridge's LOCAL port: the NIC's MTU and sysctls, no generated addresses, and up. It must
 * be up before the NIC is attached, since packets may arrive on it from then on. Router advertisements are kept off until
 * the addresses have moved: see `addAcceptance`.
 */
export function addPrepare(
  plan: Plan,
  db: LocalDatabase,
  nic: Snapshot,
  bridge: string,
  { isThere, timeoutMs }: { readonly isThere: boolean; readonly timeoutMs: number },
): void {
  const { mtu, inet6_addr_gen_mode: mode } = nic.link;
  const link = [
    'link',
    'set',
    bridge,
    'mtu',
    String(mtu),
    ...(mode === undefined ? [] : ['addrgenmode', 'none']),
  ];
  const expected = changes(nic.device, bridge, isThere ? bridge : 'default');
  let written: readonly SysctlChange[] = [];
  plan.add({
    name: `prepare ${bridge}`,
    details: [link.join(' '), ...expected.map(sysctlText), `link set ${bridge} up`],
    run: async () => {
      await awaitPortDevice(db, bridge, timeoutMs);
      // This takes the kernel's rtnl lock, so the device is registered for both families afterwards.
      await runIp(...link);
      written = changes(nic.device, bridge, bridge);
      writeSysctls(written);
      await runIp('link', 'set', bridge, 'up');
    },
    undo: async () => writeSysctls(reversed(written)),
  });
}

/** Returns the changes that give the bridge the sysctls of the NIC, but for `accept_ra`, which is 0. */
function changes(nic: string, bridge: string, as: string): SysctlChange[] {
  const path = sysctlPath(acceptRaSysctl(bridge));
  const others = sysctlChanges(nic, bridge, as).filter((change) => change.path !== path);
  const old = readSysctl(acceptRaSysctl(as)) ?? '0';
  return old === '0' ? others : [{ path, value: '0', old }, ...others];
}
