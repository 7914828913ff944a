import { machineTest } from '../../lab/machine/machine_test.js';
import { followsServer } from './lease.js';
import { bootsOn, returnsToDayOne, startPersisted } from './persistence.js';

const STATIC = ['trixie', 'bookworm'] as const;
/** A client of each release: Debian 13 has dhcpcd by default, Debian 12 dhclient. */
const LEASED = [
  ['trixie', 'ifupdown dhcpcd'],
  ['bookworm', 'ifupdown dhclient'],
] as const;

for (const suite of STATIC)
  machineTest(`${suite}: ifupdown gives the bridge its static addresses at each boot`, async (t) => {
    t.timeout(300_000);
    const persisted = await startPersisted(t, suite, 'ifupdown static');
    await bootsOn(t, persisted, 'breth0', 'boot 1');
    await bootsOn(t, persisted, 'breth0', 'boot 2');
    // ifdown and ifup know what they have brought up.
    await persisted.machine.run('systemctl', 'restart', 'networking');
    await persisted.machine.waitFor('the address', () => persisted.machine.address4('breth0'));
    await returnsToDayOne(t, persisted);
  });

machineTest('ifupdown waits for a bridge that Open vSwitch makes late', async (t) => {
  t.timeout(300_000);
  const persisted = await startPersisted(t, 'trixie', 'ifupdown static');
  const unit = await persisted.machine.run('cat', '/lib/systemd/system/ovs-vswitchd.service');
  await persisted.machine.write({
    'etc/systemd/system/ovs-vswitchd.service': unit
      .replace(/^Before=.*\n/m, '')
      .replace('[Service]\n', '[Service]\nExecStartPre=sleep 4\n'),
  });
  await bootsOn(t, persisted, 'breth0', 'Open vSwitch starts late');
});

for (const [suite, network] of LEASED)
  machineTest(
    `${suite}, ${network}: the lease is renewed on the bridge, before and after a boot`,
    async (t) => {
      t.timeout(600_000);
      const persisted = await startPersisted(t, suite, network, ['--dhcp-option=option:T1,20']);
      await followsServer(t, persisted);
      await bootsOn(t, persisted, 'breth0', 'boot 1');
      await bootsOn(t, persisted, 'breth0', 'boot 2');
      await returnsToDayOne(t, persisted);
    },
  );
