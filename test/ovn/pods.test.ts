import test from 'ava';
import fc from 'fast-check';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import {
  displacePod,
  type PodNetwork,
  podKeyOf,
  podNetworkPairs,
  podPortName,
  readPodNetwork,
  splitPodKey,
} from '../../src/ovn/pods.js';
import { emptyNorthbound, write } from './northbound.js';

function port(name: string, ids: Readonly<Record<string, string>>) {
  return { name, external_ids: new Map(Object.entries(ids)) };
}

test('the pod is read from its port', (t) => {
  const name = podPortName('default', 'web-0');
  t.is(name, 'default_web-0');
  t.is(podKeyOf(port(name, { pod: 'true', namespace: 'default' })), 'default/web-0');
  t.deepEqual(splitPodKey('default/web-0'), ['default', 'web-0']);
});

test("no pod is read from a port that is not a pod's", (t) => {
  t.is(podKeyOf(port('default_web-0', { namespace: 'default' })), undefined);
  t.is(podKeyOf(port('default_web-0', { pod: 'true' })), undefined);
  t.is(podKeyOf(port('default_web-0', { pod: 'false', namespace: 'default' })), undefined);
  t.is(podKeyOf(port('other_web-0', { pod: 'true', namespace: 'default' })), undefined);
});

test("a pod's network is read from external_ids as it was written", (t) => {
  const network: PodNetwork = {
    mac: parseMac('0a:58:0a:f4:01:05'),
    addresses: [parseCidr('10.244.1.5/24'), parseCidr('fd00:10:244:1::5/64')],
    gateways: [parseIp('10.244.1.1'), parseIp('fd00:10:244:1::1')],
  };
  t.deepEqual(Object.fromEntries(podNetworkPairs(network)), {
    ip_address: '10.244.1.5/24,fd00:10:244:1::5/64',
    mac_address: '0a:58:0a:f4:01:05',
    gateway_ip: '10.244.1.1,fd00:10:244:1::1',
  });
  t.deepEqual(readPodNetwork(new Map(podNetworkPairs(network))), network);
});

test('a port without a network has none; one that cannot be read is refused', (t) => {
  t.is(readPodNetwork(new Map([['pod', 'true']])), undefined);
  const mac = ['mac_address', '0a:58:0a:f4:01:05'] as const;
  for (const bad of [
    [['mac_address', 'x']],
    [mac, ['ip_address', '10.244.1.5']],
    [mac, ['gateway_ip', 'gw']],
  ] as const)
    t.throws(() => readPodNetwork(new Map(bad)), { code: 'ERR_POD_PORT' }, JSON.stringify(bad));
});

test("a pod's port gives its name to another row in one transaction; a row of no pod keeps it", async (t) => {
  const nb = await emptyNorthbound(t);
  const external_ids = new Map([
    ['pod', 'true'],
    ['namespace', 'breth0'],
  ]);
  await write(nb, (txn) => {
    const pod = txn.insert('Logical_Switch_Port', { name: 'breth0_a', external_ids });
    txn.insert('Logical_Switch', { name: 'a', ports: [pod] });
  });
  await write(nb, (txn) => {
    t.is(displacePod(nb, txn, 'breth0_a'), 'breth0/a');
    const own = txn.insert('Logical_Switch_Port', { name: 'breth0_a', addresses: ['unknown'] });
    txn.insert('Logical_Switch', { name: 'ext_a', ports: [own] });
  });
  const rows = nb.filter('Logical_Switch_Port', () => true);
  t.deepEqual(
    rows.map(({ addresses }) => addresses),
    [['unknown']],
  );
  await write(nb, (txn) => {
    t.is(displacePod(nb, txn, 'breth0_a'), undefined);
    t.is(displacePod(nb, txn, 'absent'), undefined);
    t.true(txn.isEmpty);
  });
});

test('whatever external_ids has is a network, none, or refused', (t) => {
  const text = fc.oneof(fc.string(), fc.constantFrom('0a:58:0a:f4:01:05', '10.244.1.5/24', 'fd00::1', ','));
  const ids = fc.record({ mac_address: text, ip_address: text, gateway_ip: text }, { requiredKeys: [] });
  fc.assert(
    fc.property(ids, (all) => {
      try {
        const network = readPodNetwork(new Map(Object.entries(all)));
        t.is(network === undefined, all.mac_address === undefined);
      } catch (error) {
        t.is((error as { code?: string }).code, 'ERR_POD_PORT');
      }
    }),
  );
});
