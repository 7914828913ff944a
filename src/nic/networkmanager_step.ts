import { readSysctl, writeSysctls } from '../host/sysctls.js';
import { isManaged } from './persist/networkmanager.js';
import { type Surroundings, surroundings } from './persist/surroundings.js';
import type { Plan } from './plan.js';

/**
 * Adds the step that has NetworkManager let go of devices, which keep their addresses. Otherwise it gives a device its
 * addresses back some 5 ms after they have moved.
 * @param to the device that gets the addresses
 * @param isTakenUp whether NetworkManager configures that device afterwards
 */
export async function addLetGo(
  plan: Plan,
  { from, to, isTakenUp }: { readonly from: string; readonly to: string; readonly isTakenUp: boolean },
  around: Surroundings = surroundings(),
): Promise<void> {
  const managed: string[] = [];
  for (const device of [from, to]) if (await isManaged(around, device)) managed.push(device);
  if (managed.length === 0) return;
  const set = async (devices: readonly string[], value: 'yes' | 'no') => {
    for (const device of devices) await around.run('nmcli', 'device', 'set', device, 'managed', value);
  };
  plan.add({
    name: 'have NetworkManager let go, until the next boot or until it is told',
    details: managed.map((device) => `nmcli device set ${device} managed no`),
    run: async () => {
      await set(managed, 'no');
      // A profile without IPv6 disables it on its device.
      const name = `net/ipv6/conf/${to}/disable_ipv6`;
      if (readSysctl(name) === '1') writeSysctls([{ path: `/proc/sys/${name}`, value: '0', old: '1' }]);
    },
    undo: () => set(managed, 'yes'),
  });
  if (!isTakenUp)
    plan.note(
      `until the next boot NetworkManager configures neither ${from} nor ${to}, nor the name servers that it had from there`,
    );
}
