import type { Cluster } from '../cluster.js';
import { podOptions } from '../overlay.js';
import type { Machine } from './machine.js';

const NAME = 'pod';
const OUTER = 'v-pod';

/** A pod on a machine: a namespace that ends with each boot, and a logical port that stays. */
export class MachinePod {
  constructor(
    private readonly cluster: Cluster,
    private readonly machine: Machine,
    /** The node's name, which is the name of its logical switch, and the number of its subnets. */
    private readonly node: { readonly label: string; readonly n: number },
  ) {}

  /** Makes the pod's namespace and its interface, as the CNI plugin does after each boot. */
  async plug(): Promise<void> {
    const { label, n } = this.node;
    const { mac, addresses, gateways } = podOptions({ host: { label } }, n, 1);
    const plain = addresses.map((address) => address.split('/')[0]);
    await this.cluster.nbctl(
      ...['--may-exist', 'lsp-add', label, NAME],
      ...['--', 'lsp-set-addresses', NAME, [mac, ...plain].join(' ')],
    );
    const { machine } = this;
    await machine.run('ip', 'netns', 'add', NAME);
    await machine.run(
      ...['ip', 'link', 'add', OUTER, 'type', 'veth'],
      ...['peer', 'name', 'eth0', 'address', mac, 'netns', NAME],
    );
    await machine.run('ip', 'link', 'set', 'dev', OUTER, 'arp', 'off', 'up');
    await machine.run('ethtool', '-K', OUTER, 'tx', 'off');
    await this.run('ethtool', '-K', 'eth0', 'tx', 'off');
    await this.run('ip', 'link', 'set', 'eth0', 'mtu', '1400', 'up');
    for (const address of addresses) await this.run('ip', 'address', 'add', address, 'dev', 'eth0', 'nodad');
    for (const gateway of gateways) await this.run('ip', 'route', 'add', 'default', 'via', gateway);
    await machine.run(
      ...['ovs-vsctl', '--may-exist', 'add-port', 'br-int', OUTER, '--', 'set', 'Interface', OUTER],
      ...[`external_ids:iface-id=${NAME}`, `external_ids:attached_mac="${mac}"`],
    );
  }

  /** Returns whether one echo request to an address is answered within a second. */
  async reaches(address: string): Promise<boolean> {
    const ping = ['ping', '-n', '-c', '1', '-W', '1', address];
    return (await this.machine.attempt('ip', 'netns', 'exec', NAME, ...ping)).exitCode === 0;
  }

  private run(...argv: readonly string[]): Promise<string> {
    return this.machine.run('ip', 'netns', 'exec', NAME, ...argv);
  }
}
