import test, { type ExecutionContext } from 'ava';
import { CniError, CODES } from '../../src/cni/errors.js';
import { hostEnd, hostMac } from '../../src/cni/veth_pair.js';
import { NETWORK, TestNode, UID } from './test_node.js';

const BOX = { containerId: 'box1', ifName: 'eth0' };
const HOST = hostEnd(BOX);
const { mac: MAC } = NETWORK;

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

test('ADD makes the pair, sets it up, adds the port, and returns the result', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  t.deepEqual(JSON.parse(await node.call()), {
    cniVersion: '1.0.0',
    interfaces: [
      { name: HOST, mac: hostMac(BOX) },
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
    `ip link add ${HOST} up arp off address ${hostMac(BOX)} mtu 1400 type veth peer name eth0 mtu 1400 netns /run/netns/box1`,
    'nsenter --net=/run/netns/box1 -- ethtool -K eth0 tx off',
    'nsenter --net=/run/netns/box1 -- sh -c cd "/proc/sys/net/ipv6/conf/$1" && echo 0 >disable_ipv6 && echo 0 >accept_ra && exec ip -batch - sh eth0',
  ]);
  t.is(await node.ports(), HOST);
  t.is(await node.idOf(HOST, 'iface-id'), 'default_web');
  t.is(await node.idOf(HOST, 'iface-id-ver'), UID);
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
  await node.vsctl('add-port', 'br-int', HOST);
  t.is(JSON.parse(await node.call()).interfaces[0].name, HOST);
  t.is(await node.ports(), HOST);
});

for (const [what, command] of [
  ['the offload', /ethtool/],
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
  await node.vsctl('remove', 'Interface', HOST, 'external_ids', 'iface-id');
  await fails(
    t,
    check(),
    CODES.checkFailed,
    `default_web: it is down; the default route via fd00:10:244:2::1 is missing; ${HOST} does not have iface-id default_web`,
  );
  await node.vsctl('del-port', HOST);
  await fails(t, check(), CODES.checkFailed, new RegExp(`; ${HOST} is not on the integration bridge$`));
});

test('a node that is not set up says which command does it', async (t) => {
  const node = await TestNode.start(t);
  await node.vsctl('del-br', 'br-int');
  await fails(
    t,
    node.call(),
    CODES.tryAgainLater,
    'bridge br-int does not exist; run ovn-k8s-overlay minion-init on this node',
  );
  await node.vsctl('add-br', 'br-int', '--', 'remove', 'Open_vSwitch', '.', 'external_ids', 'ovn-remote');
  await fails(t, node.call(), CODES.invalidConfiguration, /^external_ids:ovn-remote is not set; run /);
  await node.vsctl('set', 'Open_vSwitch', '.', 'external_ids:ovn-remote="http://central"');
  await fails(t, node.call(), CODES.invalidConfiguration, /^"http:\/\/central" is not a database: /);
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
