import test from 'ava';
import { until, when } from '../../lab/until.js';
import { CniError, CODES } from '../../src/cni/errors.js';
import { readBinding } from '../../src/cni/pod_binding.js';
import { startFakeServer } from '../ovsdb/fake_server.js';
import { bindingRow, NETWORK, podIds, TestNode, UID } from './test_node.js';

const WANTED = { key: 'default/web', port: 'default_web', uid: UID };

test('the row of the pod gives its network', (t) => {
  const found = readBinding(bindingRow(podIds(UID)), WANTED);
  t.like(found, { uid: UID, network: NETWORK });
});

test('a runtime that passes no UID gets the network of the pod that the port has', (t) => {
  t.like(readBinding(bindingRow(podIds('other')), { ...WANTED, uid: undefined }), {
    uid: 'other',
    network: NETWORK,
  });
});

const UNFIT: readonly (readonly [string, Readonly<Record<string, string>> | undefined, RegExp])[] = [
  ['does not exist', undefined, /^OVN has no logical port default_web; is the pod scheduled, and is /],
  ["is not a pod's", { ...podIds(UID), pod: 'false' }, /^logical port default_web is not a pod's$/],
  ['has another UID', podIds('other'), /is of the pod with UID other, and the runtime asks for UID 9b2f/],
  ['has no UID', { pod: 'true' }, /has no pod-uid; is ovn-k8s-watcher of this version running\?/],
  ['has no network', { pod: 'true', 'pod-uid': UID }, /has no addresses yet; is ovn-k8s-watcher running/],
  ['has no address', { ...podIds(UID), ip_address: '' }, /has no addresses yet/],
  ['has a broken MAC', { ...podIds(UID), mac_address: 'x' }, /"x" is not an Ethernet address/],
  ['has an address without mask', { ...podIds(UID), ip_address: '10.0.0.1' }, /has no mask/],
  ['has a broken gateway', { ...podIds(UID), gateway_ip: 'eth1' }, /"eth1" is not an IPv4 or IPv6 address/],
];

for (const [what, ids, why] of UNFIT) {
  test(`a row that ${what} is not the pod's yet`, (t) => {
    const found = readBinding(ids && bindingRow(ids), WANTED);
    t.is(typeof found, 'string');
    t.regex(String(found), why);
  });
}

test('ADD waits for a row that is written later, and for its UID', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.bind('default_web', podIds('other'));
  const adding = node.call();
  await until('the pair', () => when(node.kernel.pairs.size > 0));
  await node.bind('default_web', podIds(UID));
  t.regex(await adding, /10\.244\.2\.5\/24/);
});

test('an ADD without a row leaves nothing, and asks the runtime to try again', async (t) => {
  const node = await TestNode.start(t);
  await node.sbctl('destroy', 'Port_Binding', 'default_web');
  const error = await t.throwsAsync<CniError>(node.call({}, { timeout: 1 }), {
    instanceOf: CniError,
    message: /^Pod default\/web has no network after \d+ ms: OVN has no logical port default_web; /,
  });
  t.is(error?.number, CODES.tryAgainLater);
  t.is(node.kernel.pairs.size, 0);
  t.is(await node.ports(), '');
});

test('ADD monitors one row of the southbound database, and goes on to the next remote of a list', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  const requests: unknown[] = [];
  const broken = await startFakeServer({
    get_schema: () => ({
      tables: {
        Port_Binding: { columns: { logical_port: { type: 'string' }, external_ids: { type: MAP } } },
      },
    }),
    monitor_cond_since: ([, , request]) => {
      requests.push(request);
      throw 'out of order';
    },
  });
  t.teardown(() => broken.dispose());
  const remotes = `"unix:/nonexistent,${broken.remote},${node.southbound.remote}"`;
  await node.vsctl('set', 'Open_vSwitch', '.', `external_ids:ovn-remote=${remotes}`);
  await node.call();
  const where = [['logical_port', '==', 'default_web']];
  t.true(requests.length > 0);
  for (const request of requests)
    t.deepEqual(request, { Port_Binding: [{ columns: ['logical_port', 'external_ids'], where }] });
});

const MAP = { key: 'string', value: 'string', min: 0, max: 'unlimited' };

test('a southbound database that does not answer is named, and nothing is left', async (t) => {
  const node = await TestNode.start(t);
  await node.southbound.stop();
  const error = await t.throwsAsync<CniError>(node.call({}, { timeout: 1 }), {
    instanceOf: CniError,
    message: /^OVN_Southbound database at unix:.* does not answer/,
  });
  t.is(error?.number, CODES.tryAgainLater);
  t.is(node.kernel.pairs.size, 0);
  t.is(await node.ports(), '');
});

test('an ADD that cannot make the pair does not wait for the pod', async (t) => {
  const node = await TestNode.start(t);
  await node.sbctl('destroy', 'Port_Binding', 'default_web');
  node.kernel.fault = { command: /link add/, stderr: 'RTNETLINK answers: File exists' };
  const started = performance.now();
  await t.throwsAsync(node.call({}, { timeout: 60 }), { message: /^making eth0 in .*File exists$/ });
  t.true(performance.now() - started < 10_000);
});
