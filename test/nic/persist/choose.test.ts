import test from 'ava';
import { chooseManager } from '../../../src/nic/persist/choose.js';
import type { Manager, ManagerName } from '../../../src/nic/persist/manager.js';

const MANAGERS = [manager('netplan'), manager('systemd-networkd', 'its file is x'), manager('ifupdown')];

test('auto chooses the manager that configures the NIC, and says why', async (t) => {
  const { manager: chosen, why } = await chooseManager('auto', 'eth0', MANAGERS);
  t.is(chosen?.name, 'systemd-networkd');
  t.is(why, 'systemd-networkd configures eth0: its file is x');
});

test('auto chooses none and says so if no manager configures the NIC', async (t) => {
  const { manager: chosen, why } = await chooseManager('auto', 'eth0', [manager('ifupdown')]);
  t.is(chosen, undefined);
  t.regex(why, /no known network manager configures it/);
});

test('auto refuses a NIC that two managers configure', async (t) => {
  const two = [...MANAGERS, manager('networkmanager', 'connection eth0')];
  await t.throwsAsync(chooseManager('auto', 'eth0', two), {
    code: 'ERR_PERSIST',
    message: /more than one .*its file is x.*connection eth0/,
  });
  t.is((await chooseManager('networkmanager', 'eth0', two)).manager?.name, 'networkmanager');
});

test('a manager that is named and does not configure the NIC is refused', async (t) => {
  await t.throwsAsync(chooseManager('ifupdown', 'eth0', MANAGERS), {
    code: 'ERR_PERSIST',
    message: /eth0: ifupdown does not configure it \(systemd-networkd configures eth0/,
  });
});

test('none asks no manager', async (t) => {
  const asked = { ...manager('ifupdown'), find: () => Promise.reject(new Error('asked')) };
  t.is((await chooseManager('none', 'eth0', [asked])).manager, undefined);
});

function manager(name: ManagerName, found?: string): Manager {
  return {
    name,
    find: async () => found,
    plan: async () => [],
    takeUp: async () => {},
  };
}
