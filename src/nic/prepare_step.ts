import { runIp } from '../host/iproute_write.js';
import type { Snapshot } from '../host/snapshot.js';
import { reversed, type SysctlChange, sysctlChanges, sysctlText, writeSysctls } from '../host/sysctls.js';
import type { LocalDatabase } from '../switch/connection.js';
import { awaitPortDevice } from '../switch/opened_port.js';
import type { Plan } from './plan.js';

/**
 * Adds the step that prepares the bridge's LOCAL port: the NIC's MTU and sysctls, no generated addresses, and up. It must
 * be up before the NIC is attached, since packets may arrive on it from then on.
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
  const expected = sysctlChanges(nic.device, bridge, isThere ? bridge : 'default');
  let written: readonly SysctlChange[] = [];
  plan.add({
    name: `prepare ${bridge}`,
    details: [link.join(' '), ...expected.map(sysctlText), `link set ${bridge} up`],
    run: async () => {
      await awaitPortDevice(db, bridge, timeoutMs);
      // This takes the kernel's rtnl lock, so the device is registered for both families afterwards.
      await runIp(...link);
      written = sysctlChanges(nic.device, bridge);
      writeSysctls(written);
      await runIp('link', 'set', bridge, 'up');
    },
    undo: async () => writeSysctls(reversed(written)),
  });
}
