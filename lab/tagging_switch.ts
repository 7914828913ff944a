import type { Cluster, Node } from './cluster.js';
import { type Host, startHost } from './host.js';
import { cable } from './link.js';

/** A provider's switch between a node and the network outside, which tags every frame to the node with a priority. */
export class TaggingSwitch {
  private constructor(
    private readonly host: Host,
    private readonly node: string,
  ) {}

  /** Plugs the node's cable into a new switch, which passes frames on as they are. */
  static async between({ lab, outside }: Cluster, { host: { label } }: Node): Promise<TaggingSwitch> {
    const host = await startHost(lab, `tagging-${label}`);
    await outside.ip(`link set dev ${label} netns ${host.net.name}`);
    await host.net.ip(`link set dev ${label} up`);
    await cable({ in: host.net, name: 'uplink' }, { in: outside, name: 'provider' });
    await outside.ip('link set dev provider master lan');
    await host.vsctl(
      ...['add-br', 'provider', '--', 'set', 'Bridge', 'provider', 'datapath_type=netdev'],
      ...['--', 'add-port', 'provider', label, '--', 'add-port', 'provider', 'uplink'],
    );
    return new TaggingSwitch(host, label);
  }

  /** Tags frames to the node with VLAN 0 and this 802.1p priority. */
  async tag(priority: number): Promise<void> {
    const flows = [
      `in_port=uplink,actions=push_vlan:0x8100,set_field:${priority}->vlan_pcp,output:${this.node}`,
      `in_port=${this.node},actions=output:uplink`,
    ];
    await this.host.exec(['ovs-ofctl', '-O', 'OpenFlow13', 'replace-flows', 'provider', '-'], {
      input: `${flows.join('\n')}\n`,
    });
  }
}
