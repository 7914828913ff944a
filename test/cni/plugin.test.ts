import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { type OvsdbServer, startOvsdbServer } from '../../lab/ovsdb_server.js';
import { CniError, CODES } from '../../src/cni/errors.js';
import { runPlugin } from '../../src/cni/plugin.js';
import { type NetworkConfiguration, readConfiguration } from '../../src/cni/request.js';
import { hostEnd } from '../../src/cni/veth_pair.js';
import { formatAnnotation, type PodNetwork } from '../../src/kube/pod_annotation.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { connectLocalDatabase, type LocalDatabase } from '../../src/switch/connection.js';
import { FakeApi } from '../kube/fake_api.js';
import { FakeKernel, HOST_MAC } from './fake_kernel.js';

const PODS = '/api/v1/namespaces/default/pods';
const MAC = parseMac('0a:58:0a:f4:02:05');
const NETWORK: PodNetwork = {
  mac: MAC,
  addresses: [parseCidr('10.244.2.5/24'), parseCidr('fd00:10:244:2::5/64')],
  gateways: [parseIp('10.244.2.1'), parseIp('fd00:10:244:2::1')],
};
const ENV = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'box1',
  CNI_NETNS: '/run/netns/box1',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=web',
};
const HOST = hostEnd({ containerId: 'box1', ifName: 'eth0' });

/** A node without its daemons: a real ovsdb-server, an API server with one pod, and interfaces that stand in. */
class TestNode {
  readonly kernel = new FakeKernel();

  private constructor(
    readonly server: OvsdbServer,
    readonly api: FakeApi,
    private readonly db: LocalDatabase,
  ) {}

  static async start(t: ExecutionContext, { datapath = 'netdev' } = {}): Promise<TestNode> {
    const [server, api] = await Promise.all([startOvsdbServer(), FakeApi.start()]);
    t.teardown(() => server.dispose());
    t.teardown(() => api.close());
    await vsctl(server, 'init', '--', 'set', 'Open_vSwitch', '.', `external_ids:k8s-api-server=${api.url}`);
    await vsctl(server, 'add-br', 'br-int', '--', 'set', 'Bridge', 'br-int', `datapath_type=${datapath}`);
    api.set('web', { metadata: { annotations: { ovn: formatAnnotation(NETWORK) } } }, PODS);
    const db = await connectLocalDatabase(server.remote, 5_000);
    t.teardown(() => db.close());
    return new TestNode(server, api, db);
  }

  /** Does what ovn-controller does: marks interfaces with an `iface-id` once their flows are installed. */
  playController(): void {
    this.db.onChange(() => {
      for (const { _uuid, external_ids } of this.db.table('Interface').values()) {
        if (!external_ids.has('iface-id') || external_ids.has('ovn-installed')) continue;
        const txn = this.db.transaction('installed');
        txn.mutate('Interface', _uuid, { external_ids: { set: { 'ovn-installed': 'true' } } });
        // The server may end before it answers.
        void txn.commit().catch(() => undefined);
      }
    });
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

  ports(): Promise<string> {
    return vsctl(this.server, 'list-ports', 'br-int');
  }

  idOf(name: string, key: string): Promise<string> {
    return vsctl(this.server, '--if-exists', 'get', 'Interface', name, `external_ids:${key}`);
  }
}

/** Expects the error that the runtime gets. */
async function fails(
  t: ExecutionContext,
  call: Promise<string>,
  code: (typeof CODES)[keyof typeof CODES],
  message: string | RegExp,
): Promise<CniError | undefined> {
  const error = await t.throwsAsync<CniError>(call, { instanceOf: CniError, message });
  t.is(error?.number, code);
  return error;
}

async function vsctl(server: OvsdbServer, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('ovs-vsctl', [`--db=${server.remote}`, '--no-wait', ...args]);
  return stdout.replaceAll('"', '');
}

test('ADD makes the pair, sets it up, adds the port, and returns the result', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  t.deepEqual(JSON.parse(await node.call()), {
    cniVersion: '1.0.0',
    interfaces: [
      { name: HOST, mac: HOST_MAC },
      { name: 'eth0', mac: MAC, sandbox: '/run/netns/box1' },
    ],
    ips: [
      { interface: 1, address: '10.244.2.5/24', gateway: '10.244.2.1' },
      { interface: 1, address: 'fd00:10:244:2::5/64', gateway: 'fd00:10:244:2::1' },
    ],
    routes: [
      { dst: '0.0.0.0/0', gw: '10.244.2.1' },
      { dst: '::/0', gw: 'fd00:10:244:2::1' },
    ],
    dns: {},
  });
  t.deepEqual(node.kernel.changes, [
    `ip link add ${HOST} up mtu 1400 type veth peer name eth0 address ${MAC} mtu 1400 netns /run/netns/box1`,
    'nsenter --net=/run/netns/box1 -- ethtool -K eth0 tx off',
    'nsenter --net=/run/netns/box1 -- sysctl -qw net/ipv6/conf/eth0/disable_ipv6=0 net/ipv6/conf/eth0/accept_ra=0',
    'nsenter --net=/run/netns/box1 -- ip -batch -',
  ]);
  t.is(await node.ports(), HOST);
  t.is(await node.idOf(HOST, 'iface-id'), 'default_web');
  t.is(await node.idOf(HOST, 'attached_mac'), MAC);
  t.is(await node.idOf(HOST, 'ip_addresses'), '10.244.2.5/24 fd00:10:244:2::5/64');
  t.is(await node.idOf(HOST, 'sandbox'), 'box1');
});

test('the kernel datapath keeps the offload of checksums', async (t) => {
  const node = await TestNode.start(t, { datapath: 'system' });
  node.playController();
  await node.call();
  t.false(node.kernel.changes.some((command) => command.includes('ethtool')));
});

test('a second ADD changes nothing and returns the same', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  const result = await node.call();
  const before = [...node.kernel.changes];
  t.is(await node.call(), result);
  t.deepEqual(node.kernel.changes, before);
});

test('a second ADD makes everything again if the interface is not as it must be', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  node.playSwitch();
  const result = await node.call();
  const [pair] = node.kernel.pairs.values();
  if (pair === undefined) throw new Error('no pair');
  pair.addresses.pop();
  t.is(await node.call(), result);
  t.is(node.kernel.changes.filter((command) => command.startsWith('ip link add')).length, 2);
  t.is(await node.ports(), HOST);
});

test('an ADD that was killed before it made the pair is completed', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  node.playSwitch();
  await vsctl(node.server, 'add-port', 'br-int', HOST);
  t.is(JSON.parse(await node.call()).interfaces[0].name, HOST);
  t.is(await node.ports(), HOST);
});

for (const [what, command] of [
  ['the offload', /ethtool/],
  ['a sysctl', /sysctl/],
  ['an address', /-batch/],
] as const) {
  test(`an ADD that cannot set ${what} leaves neither pair nor port`, async (t) => {
    const node = await TestNode.start(t);
    node.playController();
    node.kernel.fault = { command, stderr: 'RTNETLINK answers: Operation not permitted' };
    await fails(
      t,
      node.call(),
      CODES.inputOutput,
      'setting up eth0 in /run/netns/box1: RTNETLINK answers: Operation not permitted',
    );
    t.is(node.kernel.pairs.size, 0);
    t.is(await node.ports(), '');
  });
}

test('an ADD whose flows are not installed in time leaves nothing and asks the runtime to try again', async (t) => {
  const node = await TestNode.start(t);
  await fails(
    t,
    node.call({}, { timeout: 1 }),
    CODES.tryAgainLater,
    /^ovn-controller did not install the flows of default_web within \d+ ms; is ovn-controller running, and is the pod scheduled to this node\?$/,
  );
  t.is(node.kernel.pairs.size, 0);
  t.is(await node.ports(), '');
});

test('an ADD that fails and cannot clean up says both', async (t) => {
  const node = await TestNode.start(t);
  node.kernel.fault = { command: /-batch|link del/, stderr: 'out of memory' };
  const message = `setting up eth0 in /run/netns/box1: out of memory; and ${HOST} could not be removed`;
  const error = await fails(t, node.call(), CODES.inputOutput, message);
  t.like(error?.cause, { message: `ip link del ${HOST}: out of memory` });
});

test('a newer sandbox of a pod takes the logical port from the older one', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.call();
  await node.call({ CNI_CONTAINERID: 'box2', CNI_NETNS: '/run/netns/box2' });
  t.is(await node.idOf(HOST, 'iface-id'), '');
  t.is(await node.idOf(hostEnd({ containerId: 'box2', ifName: 'eth0' }), 'iface-id'), 'default_web');
});

test('DEL removes pair and port, and succeeds again when both have gone', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.call();
  for (const env of [{}, { CNI_NETNS: '' }, { CNI_ARGS: '' }])
    t.is(await node.call({ CNI_COMMAND: 'DEL', ...env }), '');
  t.is(node.kernel.pairs.size, 0);
  t.is(await node.ports(), '');
});

test('DEL removes the pair even if the database does not answer, and is to be tried again', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.call();
  await node.server.stop();
  await fails(t, node.call({ CNI_COMMAND: 'DEL' }), CODES.tryAgainLater, /does not answer/);
  t.is(node.kernel.pairs.size, 0);
});

test('CHECK accepts what ADD made, and names each difference', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  const prevResult = JSON.parse(await node.call());
  const check = () => node.call({ CNI_COMMAND: 'CHECK' }, { prevResult });
  t.is(await check(), '');
  const [pair] = node.kernel.pairs.values();
  if (pair === undefined) throw new Error('no pair');
  pair.isUp = false;
  pair.gateways.pop();
  await vsctl(node.server, 'remove', 'Interface', HOST, 'external_ids', 'iface-id');
  await fails(
    t,
    check(),
    CODES.checkFailed,
    `default_web: it is down; the default route via fd00:10:244:2::1 is missing; ${HOST} does not have iface-id default_web`,
  );
  await vsctl(node.server, 'del-port', HOST);
  await fails(t, check(), CODES.checkFailed, new RegExp(`; ${HOST} is not on the integration bridge$`));
});

test('a node that is not set up says which command does it', async (t) => {
  const node = await TestNode.start(t);
  await vsctl(node.server, 'del-br', 'br-int');
  await fails(
    t,
    node.call(),
    CODES.tryAgainLater,
    'bridge br-int does not exist; run ovn-k8s-overlay minion-init on this node',
  );
  await vsctl(
    node.server,
    'add-br',
    'br-int',
    '--',
    'remove',
    'Open_vSwitch',
    '.',
    'external_ids',
    'k8s-api-server',
  );
  await fails(
    t,
    node.call(),
    CODES.invalidConfiguration,
    /^the address of the API server is not configured; /,
  );
  t.deepEqual(node.kernel.changes, []);
});

test('a command that the specification does not have is refused', async (t) => {
  const node = await TestNode.start(t);
  await fails(
    t,
    node.call({ CNI_COMMAND: 'GC' }),
    CODES.invalidEnvironment,
    'CNI_COMMAND=GC is none of ADD, DEL, CHECK, VERSION',
  );
});
