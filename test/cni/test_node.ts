import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { type OvsdbServer, startOvsdbServer } from '../../lab/ovsdb_server.js';
import { runPlugin } from '../../src/cni/plugin.js';
import { type NetworkConfiguration, readConfiguration } from '../../src/cni/request.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { type PodNetwork, podNetworkPairs } from '../../src/ovn/pods.js';
import type { Uuid } from '../../src/ovsdb/columns.js';
import { connectLocalDatabase, type LocalDatabase } from '../../src/switch/connection.js';
import { FakeKernel } from './fake_kernel.js';

export const UID = '9b2f1f0a-8a55-4f5e-9d0e-0d7a3d0c9f11';
export const NETWORK: PodNetwork = {
  mac: parseMac('0a:58:0a:f4:02:05'),
  addresses: [parseCidr('10.244.2.5/24'), parseCidr('fd00:10:244:2::5/64')],
  gateways: [parseIp('10.244.2.1'), parseIp('fd00:10:244:2::1')],
};
const ENV = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'box1',
  CNI_NETNS: '/run/netns/box1',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_UID=${UID}`,
};

/** Returns the external_ids of a pod's port, as the watcher writes them. */
export function podIds(uid: string, network: PodNetwork = NETWORK): Record<string, string> {
  return {
    pod: 'true',
    namespace: 'default',
    'pod-uid': uid,
    ...Object.fromEntries(podNetworkPairs(network)),
  };
}

/** Returns a row of Port_Binding with these external_ids. */
export function bindingRow(ids: Readonly<Record<string, string>>) {
  const _uuid = '00000000-0000-4000-8000-000000000001' as Uuid;
  return { _uuid, logical_port: 'default_web', external_ids: new Map(Object.entries(ids)) };
}

/** A node without its daemons: real databases, local and southbound, and interfaces that stand in. */
export class TestNode {
  readonly kernel = new FakeKernel();

  private constructor(
    readonly server: OvsdbServer,
    readonly southbound: OvsdbServer,
    readonly db: LocalDatabase,
  ) {}

  /** Starts the databases. The southbound has port `default_web`, of the pod with UID `UID`. */
  static async start(
    t: ExecutionContext,
    {
      datapath = 'netdev',
      southboundArgs = [],
    }: { datapath?: string; southboundArgs?: readonly string[] } = {},
  ): Promise<TestNode> {
    const [server, southbound] = await Promise.all([
      startOvsdbServer(),
      startOvsdbServer({ schema: 'OVN_Southbound', args: southboundArgs }),
    ]);
    t.teardown(() => server.dispose());
    t.teardown(() => southbound.dispose());
    await vsctl(
      server,
      'init',
      '--',
      'set',
      'Open_vSwitch',
      '.',
      `external_ids:ovn-remote="${southbound.remote}"`,
    );
    await vsctl(server, 'add-br', 'br-int', '--', 'set', 'Bridge', 'br-int', `datapath_type=${datapath}`);
    const db = await connectLocalDatabase(server.remote, 5_000);
    t.teardown(() => db.close());
    const node = new TestNode(server, southbound, db);
    await node.sbctl('create', 'Datapath_Binding', 'tunnel_key=1');
    await node.bind('default_web', podIds(UID));
    return node;
  }

  /** Writes the Port_Binding of a logical port, as northd does. */
  async bind(port: string, ids: Readonly<Record<string, string>>): Promise<void> {
    const datapath = await this.sbctl('--bare', '--columns=_uuid', 'list', 'Datapath_Binding');
    await this.sbctl(
      ...['--if-exists', 'destroy', 'Port_Binding', port, '--', 'create', 'Port_Binding'],
      ...[`logical_port="${port}"`, `datapath=${datapath}`, 'tunnel_key=1'],
      ...Object.entries(ids).map(([key, value]) => `external_ids:${key}="${value}"`),
    );
  }

  /** Does what ovn-controller does: marks interfaces with an `iface-id` once their flows are installed. */
  playController(): void {
    const install = () => {
      for (const { _uuid, external_ids } of this.db.table('Interface').values()) {
        if (!external_ids.has('iface-id') || external_ids.has('ovn-installed')) continue;
        const txn = this.db.transaction('installed');
        txn.mutate('Interface', _uuid, { external_ids: { set: { 'ovn-installed': 'true' } } });
        // The server may end before it answers.
        void txn.commit().catch(() => undefined);
      }
    };
    this.db.onChange(install);
    install();
  }

  /** Does what ovs-vswitchd does: reports each configuration as applied. */
  playSwitch(): void {
    this.db.onChange(() => {
      for (const { _uuid, next_cfg, cur_cfg } of this.db.table('Open_vSwitch').values()) {
        if (next_cfg === cur_cfg) continue;
        const txn = this.db.transaction('applied');
        txn.update('Open_vSwitch', _uuid, { cur_cfg: next_cfg });
        // The server may end before it answers.
        void txn.commit().catch(() => undefined);
      }
    });
  }

  call(env: NodeJS.ProcessEnv = {}, config: object = {}): Promise<string> {
    const text = JSON.stringify({ cniVersion: '1.0.0', name: 'net', timeout: 5, ...config });
    const read: NetworkConfiguration = { ...readConfiguration(text), db: this.server.remote };
    return runPlugin({ ...ENV, ...env }, read, this.kernel.run);
  }

  /** Runs a command for another sandbox of the pod, which can have another UID. */
  callFor(box: string, uid: string, env: NodeJS.ProcessEnv = {}, config: object = {}): Promise<string> {
    const args = `K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_UID=${uid}`;
    const own = { CNI_CONTAINERID: box, CNI_NETNS: `/run/netns/${box}`, CNI_ARGS: args };
    return this.call({ ...own, ...env }, config);
  }

  /** Returns the names of the ports of br-int, a space between them. */
  async ports(): Promise<string> {
    return (await this.vsctl('list-ports', 'br-int')).replaceAll('\n', ' ');
  }

  idOf(name: string, key: string): Promise<string> {
    return this.vsctl('--if-exists', 'get', 'Interface', name, `external_ids:${key}`);
  }

  vsctl(...args: readonly string[]): Promise<string> {
    return vsctl(this.server, ...args);
  }

  async sbctl(...args: readonly string[]): Promise<string> {
    const { stdout } = await execa('ovn-sbctl', [`--db=${this.southbound.remote}`, ...args]);
    return stdout;
  }
}

async function vsctl(server: OvsdbServer, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('ovs-vsctl', [`--db=${server.remote}`, '--no-wait', ...args]);
  return stdout.replaceAll('"', '');
}
