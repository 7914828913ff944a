import { machineTest } from '../../lab/machine/machine_test.js';
import type { Suite } from '../../lab/machine/tree.js';
import { followsServer } from './lease.js';
import { bootsOn, returnsToDayOne, startPersisted } from './persistence.js';

const SUITES: readonly Suite[] = ['trixie', 'bookworm'];

for (const suite of SUITES) {
  machineTest(`${suite}: NetworkManager gives the bridge its static addresses at each boot`, async (t) => {
    t.timeout(300_000);
    const persisted = await startPersisted(t, suite, 'NetworkManager static');
    await bootsOn(t, persisted, 'breth0', 'boot 1');
    await bootsOn(t, persisted, 'breth0', 'boot 2');
    await returnsToDayOne(t, persisted);
  });

  machineTest(
    `${suite}: NetworkManager renews its lease on the bridge, before and after a boot`,
    async (t) => {
      t.timeout(600_000);
      const persisted = await startPersisted(t, suite, 'NetworkManager DHCP', ['--dhcp-option=option:T1,20']);
      await followsServer(t, persisted);
      await bootsOn(t, persisted, 'breth0', 'boot 1');
      await bootsOn(t, persisted, 'breth0', 'boot 2');
      await returnsToDayOne(t, persisted);
    },
  );
}

machineTest(
  'NetworkManager starts before Open vSwitch, and the bridge has its addresses all the same',
  async (t) => {
    t.timeout(300_000);
    const persisted = await startPersisted(t, 'trixie', 'NetworkManager static');
    await persisted.machine.write({
      'etc/systemd/system/NetworkManager.service.d/ovn-k8s-breth0.conf': '',
      'etc/systemd/system/ovs-vswitchd.service.d/late.conf':
        '[Unit]\nAfter=NetworkManager.service\n[Service]\nExecStartPre=sleep 3\n',
    });
    await bootsOn(t, persisted, 'breth0', 'Open vSwitch starts late');
  },
);
