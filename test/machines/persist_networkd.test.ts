import { machineTest } from '../../lab/machine/machine_test.js';
import { followsServer } from './lease.js';
import { bootsOn, returnsToDayOne, startPersisted } from './persistence.js';

const SUITES = ['trixie', 'bookworm'] as const;
/** The file that the move makes for the bridge. */
const OURS = '/etc/systemd/network/00-ovn-k8s-breth0.network';

for (const suite of SUITES)
  for (const network of ['systemd-networkd static', 'netplan static'] as const)
    machineTest(`${suite}, ${network}: the bridge has its static addresses at each boot`, async (t) => {
      t.timeout(300_000);
      const persisted = await startPersisted(t, suite, network);
      const { machine } = persisted;
      await bootsOn(t, persisted, 'breth0', 'boot 1');
      // The unit of a boot does the same: nothing moves, and the kernel no longer receives on the NIC.
      await machine.run('ovn-k8s-util', 'nics-to-bridge', 'eth0');
      t.regex(await machine.run('nft', 'list', 'ruleset'), /hook ingress device "eth0"/);
      await bootsOn(t, persisted, 'breth0', 'boot 2');
      await returnsToDayOne(t, persisted);
    });

for (const suite of SUITES)
  machineTest(
    `${suite}: systemd-networkd renews its lease on the bridge, before and after a boot`,
    async (t) => {
      t.timeout(600_000);
      const persisted = await startPersisted(t, suite, 'systemd-networkd DHCP', [
        '--dhcp-option=option:T1,20',
      ]);
      const { machine } = persisted;
      const id = await clientId(machine);
      await followsServer(t, persisted);
      await bootsOn(t, persisted, 'breth0', 'boot 1');
      t.is(await clientId(machine), id);
      await returnsToDayOne(t, persisted);
    },
  );

machineTest('an edit of the file of the bridge is not lost: the way back names it', async (t) => {
  t.timeout(300_000);
  const persisted = await startPersisted(t, 'trixie', 'systemd-networkd static');
  const { machine } = persisted;
  await machine.run('sed', '-i', '$a # mine', OURS);
  const { exitCode, stderr } = await machine.attempt('ovn-k8s-util', 'bridge-to-nics', 'breth0');
  t.is(exitCode, 1);
  t.regex(stderr, new RegExp(`${OURS}: edited since eth0 was moved.* cp `));
  t.is(await machine.address4('breth0'), machine.v4);
  const [command = ''] = /cp \S+ \S+$/.exec(stderr.trim()) ?? [];
  await machine.run(...command.split(' '));
  await returnsToDayOne(t, persisted);
});

/** Returns the identifier by which systemd-networkd asks for its lease. */
async function clientId(machine: { run(...argv: readonly string[]): Promise<string> }): Promise<string> {
  return machine.run('sh', '-c', 'grep -h CLIENTID /run/systemd/netif/leases/*');
}
