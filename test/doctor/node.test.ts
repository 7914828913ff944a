import test from 'ava';
import type { LocalSwitch } from '../../src/doctor/facts/facts.js';
import { known, unknown } from '../../src/doctor/known.js';
import {
  managementInterface,
  neededPrograms,
  nodeName,
  physicalOf,
  sharedBridges,
} from '../../src/doctor/node.js';
import { HEALTHY, withBridge, withIds, withInterface } from './healthy.js';

function switchOf({ local }: { readonly local: typeof HEALTHY.local }): LocalSwitch {
  if (!local.isKnown) throw new Error(local.why);
  return local.value;
}

test('the node has the name of its management port, else the one on its shared bridge', (t) => {
  t.is(nodeName(switchOf(HEALTHY)), 'gw1');
  t.is(nodeName(switchOf(withInterface('br-int', 'k8s-gw1', undefined))), 'gw1');
  t.is(nodeName(switchOf(withBridge('br-int', undefined))), 'gw1');
  const bridges = switchOf(withBridge('breth0', undefined)).bridges.filter(({ name }) => name !== 'br-int');
  t.is(nodeName({ ...switchOf(HEALTHY), bridges }), undefined);
});

test("a pod's interface whose iface-id begins like a management port's is not a management port", (t) => {
  const ids = { externalIds: new Map([['iface-id', 'k8s-ns_web']]) };
  t.is(managementInterface(switchOf(withInterface('br-int', 'k8s-gw1', ids))), undefined);
  t.is(managementInterface(switchOf(withInterface('br-int', 'k8s-gw1', { type: '' }))), undefined);
  t.is(managementInterface(switchOf(HEALTHY))?.name, 'k8s-gw1');
});

test('a shared bridge is one with a mark, and its NIC a kernel device', (t) => {
  const [bridge, ...more] = sharedBridges(switchOf(HEALTHY));
  t.deepEqual(more, []);
  t.is(bridge && physicalOf(bridge)?.name, 'eth0');
  t.deepEqual(sharedBridges(switchOf(withBridge('breth0', { externalIds: new Map() }))), []);
});

test("a pod's interface is not the NIC of its bridge", (t) => {
  const type = { type: '', externalIds: new Map([['attached_mac', '0a:58:0a:f4:02:10']]) };
  const bridge = switchOf(withInterface('br-int', 'k8s-gw1', type)).bridges.find(
    ({ name }) => name === 'br-int',
  );
  t.is(bridge && physicalOf(bridge), undefined);
});

test('a host needs the helper with a shared bridge, ovn-k8s-node with a management port, and ovn-northd with the only northbound', (t) => {
  const { links } = HEALTHY;
  const needed = (change: Partial<typeof HEALTHY>) =>
    [...neededPrograms(change.local ?? HEALTHY.local, links)].slice(3);
  t.deepEqual(needed({}), ['ovn-k8s-gateway-helper', 'ovn-k8s-node']);
  t.deepEqual(needed(withBridge('breth0', undefined)), ['ovn-k8s-node']);
  t.deepEqual(needed(withIds({ 'ovn-nb': 'unix:/run/ovn/ovnnb_db.sock' })), [
    'ovn-k8s-gateway-helper',
    'ovn-k8s-node',
    'ovn-northd',
  ]);
  t.deepEqual(needed(withIds({ 'ovn-nb': 'tcp:203.0.113.10:6641' })), [
    'ovn-k8s-gateway-helper',
    'ovn-k8s-node',
    'ovn-northd',
  ]);
  t.deepEqual(needed(withInterface('br-int', 'k8s-gw1', undefined)), ['ovn-k8s-gateway-helper']);
  const clustered = 'tcp:203.0.113.10:6641,tcp:203.0.113.9:6641';
  for (const remotes of [clustered, 'nonsense', undefined])
    t.deepEqual(needed(withIds({ 'ovn-nb': remotes })), ['ovn-k8s-gateway-helper', 'ovn-k8s-node'], remotes);
  t.deepEqual(
    [...neededPrograms(unknown('no db.sock'), known([]))],
    ['ovsdb-server', 'ovs-vswitchd', 'ovn-controller'],
  );
});
