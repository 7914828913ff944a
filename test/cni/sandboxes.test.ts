// Several sandboxes of one pod name, and interfaces of others with the pod's iface-id.
import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { CniError, CODES } from '../../src/cni/errors.js';
import { type PodBinding, readBinding } from '../../src/cni/pod_binding.js';
import { addPodPort } from '../../src/cni/switch_port.js';
import { hostEnd } from '../../src/cni/veth_pair.js';
import type { Uuid } from '../../src/ovsdb/columns.js';
import { findBridge } from '../../src/switch/bridges.js';
import { bindingRow, podIds, TestNode, UID } from './test_node.js';

const NEW_UID = '0c0ffee0-8a55-4f5e-9d0e-0d7a3d0c9f11';
const HOST = hostEnd({ containerId: 'box1', ifName: 'eth0' });
const NEW_HOST = hostEnd({ containerId: 'box2', ifName: 'eth0' });

async function fails(
  t: ExecutionContext,
  call: Promise<string>,
  number: CniError['number'],
  message: RegExp,
) {
  const error = await t.throwsAsync<CniError>(call, { instanceOf: CniError, message });
  t.is(error?.number, number);
}

for (const [what, uid] of [
  ['the same UID', UID],
  ['another UID', NEW_UID],
] as const) {
  test(`a newer sandbox with ${what} takes the logical port, and a late DEL of the old one takes nothing`, async (t) => {
    const node = await TestNode.start(t);
    node.playController();
    await node.call();
    await node.bind('default_web', podIds(uid));
    await node.callFor('box2', uid);
    t.is(await node.idOf(HOST, 'iface-id'), '');
    t.is(await node.idOf(NEW_HOST, 'iface-id'), 'default_web');
    t.is(await node.idOf(NEW_HOST, 'iface-id-ver'), uid);
    await node.call({ CNI_COMMAND: 'DEL' });
    t.is(await node.ports(), NEW_HOST);
    t.is(await node.idOf(NEW_HOST, 'iface-id'), 'default_web');
    t.deepEqual([...node.kernel.pairs.keys()], [NEW_HOST]);
  });
}

test('the old sandbox does not get the logical port back when the new one is deleted first', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.call();
  await node.bind('default_web', podIds(NEW_UID));
  await node.callFor('box2', NEW_UID);
  await node.callFor('box2', NEW_UID, { CNI_COMMAND: 'DEL' });
  t.is(await node.ports(), HOST);
  t.is(await node.idOf(HOST, 'iface-id'), '');
});

test('an ADD for a pod that was replaced waits for the UID, and takes nothing from the new pod', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.bind('default_web', podIds(NEW_UID));
  await node.callFor('box2', NEW_UID);
  const says = new RegExp(`with UID ${NEW_UID}, and the runtime asks for UID ${UID}$`);
  await fails(t, node.call({}, { timeout: 1 }), CODES.tryAgainLater, says);
  t.is(await node.ports(), NEW_HOST);
  t.is(await node.idOf(NEW_HOST, 'iface-id'), 'default_web');
});

test('an ADD whose pod was replaced after it read its row takes nothing from the new sandbox', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.bind('default_web', podIds(NEW_UID));
  await node.callFor('box2', NEW_UID);
  const bridge = findBridge(node.db, 'br-int')?._uuid ?? ('' as Uuid);
  const port = { bridge, host: HOST, port: 'default_web', containerId: 'box1' };
  const stale = readBinding(bindingRow(podIds(UID)), { key: 'default/web', port: 'default_web', uid: UID });
  let asked = 0;
  const isCurrent = async () => {
    asked += 1;
    return false;
  };
  const adding = addPodPort(node.db, port, stale as PodBinding, isCurrent, () => 5_000);
  const message = 'logical port default_web has changed, so its pod may be another';
  await t.throwsAsync(adding, { instanceOf: CniError, message });
  t.is(asked, 1);
  t.is(await node.ports(), NEW_HOST);
  t.is(await node.idOf(NEW_HOST, 'iface-id'), 'default_web');
});

test('an ADD whose pod was replaced while it waited for the kernel leaves the new sandbox alone', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  const slow = node.kernel.hold(/-K eth0/);
  const old = node.call({}, { timeout: 5 });
  await slow.reached;
  await node.bind('default_web', podIds(NEW_UID));
  await node.callFor('box2', NEW_UID);
  slow.release();
  await t.throwsAsync(old, {
    message: /^(logical port default_web has changed|Pod default\/web has no network)/,
  });
  t.is(await node.ports(), NEW_HOST);
  t.is(await node.idOf(NEW_HOST, 'iface-id'), 'default_web');
});

test('of two ADDs at once one has the logical port, and the other leaves nothing or waits for DEL', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  const results = await Promise.allSettled([node.call(), node.callFor('box2', UID)]);
  t.true(results.some(({ status }) => status === 'fulfilled'));
  const holders = await node.vsctl(
    ...['--bare', '--columns=name', 'find', 'Interface', 'external_ids:iface-id=default_web'],
  );
  const index = [HOST, NEW_HOST].indexOf(holders);
  t.is(results[index]?.status, 'fulfilled', holders);
});

test('an ADD that loses the logical port to a newer sandbox ends at once', async (t) => {
  const node = await TestNode.start(t);
  const old = node.call({}, { timeout: 60 });
  await until('the old port', async () => when((await node.ports()) === HOST));
  const fresh = node.callFor('box2', UID, {}, { timeout: 60 });
  await fails(t, old, CODES.tryAgainLater, /^another sandbox of the pod has taken default_web from veth/);
  node.playController();
  await fresh;
  t.is(await node.ports(), NEW_HOST);
});

test('an ADD whose sandbox is deleted while it runs ends at once, and leaves nothing', async (t) => {
  const node = await TestNode.start(t);
  const adding = node.call({}, { timeout: 60 });
  await until('the port', async () => when((await node.ports()) === HOST));
  await node.call({ CNI_COMMAND: 'DEL' });
  await fails(
    t,
    adding,
    CODES.tryAgainLater,
    /^veth[0-9a-f]+ was removed from the integration bridge meanwhile$/,
  );
  t.is(await node.ports(), '');
  t.is(node.kernel.pairs.size, 0);
});

for (const [what, ...columns] of [
  ['a patch port', 'type=patch', 'options:peer=other'],
  ['an internal port', 'type=internal'],
  ['a port of another program', 'external_ids:other=1'],
] as const) {
  test(`ADD is refused if ${what} has the iface-id, and takes nothing from it`, async (t) => {
    const node = await TestNode.start(t);
    node.playController();
    await node.vsctl(
      ...['add-port', 'br-int', 'p1', '--', 'set', 'Interface', 'p1', 'external_ids:iface-id=default_web'],
      ...columns,
    );
    await fails(
      t,
      node.call(),
      CODES.notOurs,
      /^interface p1 has iface-id default_web, and the plugin did not make it; /,
    );
    t.is(await node.idOf('p1', 'iface-id'), 'default_web');
    t.is(await node.ports(), 'p1');
    t.deepEqual(node.kernel.changes, []);
  });
}

test('the sandbox of an earlier version, which has no mark and no version, gives way', async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  await node.vsctl(
    ...['add-port', 'br-int', 'vethold', '--', 'set', 'Interface', 'vethold'],
    ...['external_ids:iface-id=default_web', 'external_ids:sandbox=box0'],
  );
  await node.call();
  t.is(await node.idOf('vethold', 'iface-id'), '');
  t.is(await node.idOf(HOST, 'iface-id'), 'default_web');
});

test("CHECK names a row whose version or MAC is not the pod's", async (t) => {
  const node = await TestNode.start(t);
  node.playController();
  const prevResult = JSON.parse(await node.call());
  const check = () => node.call({ CNI_COMMAND: 'CHECK' }, { prevResult });
  t.is(await check(), '');
  await node.vsctl(
    'set',
    'Interface',
    HOST,
    'external_ids:iface-id-ver=other',
    'external_ids:attached_mac=x',
  );
  await fails(
    t,
    check(),
    CODES.checkFailed,
    new RegExp(
      `^default_web: ${HOST} does not have iface-id-ver ${UID}; ${HOST} does not have attached_mac 0a:58:`,
    ),
  );
});
