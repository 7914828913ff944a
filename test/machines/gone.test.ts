import type { Machine } from '../../lab/machine/machine.js';
import { clusterMachineTest } from '../../lab/machine/machine_test.js';
import type { NetworkName } from '../../lab/machine/network.js';
import { joinCluster, startMachine } from '../../lab/machine/node.js';
import { builtPackage, PACKAGE } from '../../lab/machine/product.js';
import { differences, type Exception, stateOf } from '../../lab/machine/state.js';
import type { Suite } from '../../lab/machine/tree.js';

/** What Debian's own programs change while a machine boots, installs and removes packages, and runs for a while. */
const EXCEPTIONS: readonly Exception[] = [
  { key: /(file|mode) var\/log\/.*/, why: 'logs, and the journal' },
  {
    key: /(file|mode) var\/lib\/dpkg\/(status|status-old)/,
    why: 'what dpkg knows of all packages, and knew before',
  },
  {
    key: /(file|mode) var\/lib\/systemd\/(random-seed|timers.*|timesync.*)/,
    why: 'systemd writes these at each boot',
  },
  { key: /file (var\/lib|etc)\/openvswitch\/conf\.db/, why: 'the file grows; its rows are compared' },
  { key: /(file|mode) var\/tmp\/systemd-private-.*/, why: 'a folder for each boot' },
  { key: /run (openvswitch|ovn)\/\S+\.\d+\.ctl/, why: 'sockets with the pid of their daemon in their names' },
  { key: /run systemd\/.*/, why: 'what systemd is doing in this boot' },
  {
    key: /unit (ldconfig|systemd-(journal-catalog-update|sysusers|update-done|machine-id-commit|firstboot))\.service/,
    why: 'these run in the first boot of a disk only',
  },
];

/** How an operator takes a node out of its cluster (docs/deployment.md) before the NIC goes back. */
const TAKE_DOWN = [
  ['systemctl', 'stop', 'ovn-k8s-gateway-helper', 'ovn-k8s-node'],
  ['ovn-k8s-overlay', 'gateway-deinit', '--node-name=host'],
  ['ovn-k8s-overlay', 'minion-deinit', '--node-name=host'],
];

const CASES: readonly {
  readonly suite: Suite;
  readonly network: NetworkName;
  readonly title: string;
  readonly takeDown: readonly (readonly string[])[];
  /** More arguments of bridge-to-nics. */
  readonly force: readonly string[];
}[] = [
  {
    suite: 'trixie',
    network: 'systemd-networkd static',
    title: 'its node taken down',
    takeDown: TAKE_DOWN,
    force: [],
  },
  {
    suite: 'bookworm',
    network: 'ifupdown static',
    title: 'nothing else done',
    takeDown: [],
    force: ['--force'],
  },
];

for (const { suite, network, title, takeDown, force } of CASES)
  clusterMachineTest(
    `${suite}, ${network}: after bridge-to-nics, a purge and a reboot a machine is as on day one, ${title}`,
    async (t) => {
      t.timeout(900_000);
      await builtPackage();
      const started = await startMachine(suite, network);
      t.teardown(() => started.cluster.dispose());
      const { machine } = started;
      const dayOne = await stateOf(machine);
      const pod = await joinCluster(started, 'auto');
      await pod.plug();
      await machine.reboot();
      await machine.booted();
      await pod.plug();

      for (const command of takeDown) await machine.run(...command);
      await machine.run('ovn-k8s-util', 'bridge-to-nics', ...force, 'breth0');
      t.log(await machine.run('dpkg', '--purge', PACKAGE));
      await leaveCluster(machine);
      await machine.reboot();
      await machine.booted();
      t.deepEqual(differences(dayOne, await stateOf(machine), EXCEPTIONS), []);
      await machine.powerOff();
    },
  );

/** Takes back what the purge leaves to the operator, as it says. ovn-controller makes br-int again. */
async function leaveCluster(machine: Machine): Promise<void> {
  const keys = ['ovn-remote', 'ovn-encap-type', 'ovn-encap-ip', 'ovn-bridge-datapath-type', 'hostname'];
  for (const key of keys) await machine.run('ovs-vsctl', 'remove', 'Open_vSwitch', '.', 'external_ids', key);
  await machine.run('ovs-vsctl', '--if-exists', 'del-br', 'br-int');
}
