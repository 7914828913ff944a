import test from 'ava';
import { parseIp } from '../../src/net/ip.js';
import { readNodePortAddresses } from '../../src/node/options.js';
import { answeringOf, ownAddresses } from '../../src/node/state_host.js';
import { TableSets } from '../../src/node/state_sets.js';
import { address } from './hosts.js';

const OWN = ['203.0.113.12', '192.168.7.12', '2001:db8::12'].map(parseIp);

test('node ports answer at the addresses in the networks of --node-port-addresses, without it at all', (t) => {
  t.deepEqual(answeringOf(OWN, readNodePortAddresses(undefined)), OWN);
  t.deepEqual(answeringOf(OWN, readNodePortAddresses('203.0.113.7/24, 2001:db8::/64')), [
    parseIp('203.0.113.12'),
    parseIp('2001:db8::12'),
  ]);
  t.throws(() => readNodePortAddresses('203.0.113.0/24,nonsense'), {
    message: /^--node-port-addresses: "nonsense"/,
  });
});

test('an address that answers no node ports is an address of the host still, also when another comes', (t) => {
  const sets = new TableSets();
  const facts = { nodes: OWN, services: undefined, pods: undefined, answersNodePorts: true };
  const first = sets.take({ ...facts, own: OWN, answering: OWN.slice(0, 1) });
  t.deepEqual([...(first.sets.get('own4')?.keys() ?? [])], ['203.0.113.12', '192.168.7.12']);
  t.deepEqual([...(first.sets.get('answering4')?.keys() ?? [])], ['203.0.113.12']);
  const added = parseIp('203.0.113.13');
  const { changes } = sets.take({ ...facts, own: [...OWN, added], answering: [added] });
  const keys = (changes ?? []).filter(({ set }) => set === 'answering4').map(({ key }) => key);
  t.deepEqual(keys.toSorted(), ['203.0.113.12', '203.0.113.13']);
});

test("the addresses of the management port are not the host's own, nor are loopback's", (t) => {
  const all = [
    address('eth0', '203.0.113.12/24'),
    address('k8s-a', '10.244.1.2/24'),
    address('lo', '127.0.0.1/8'),
    address('lo', '192.0.2.9/32'),
    address('eth1', '203.0.113.12/32'),
  ];
  t.deepEqual(ownAddresses(all, 'k8s-a'), ['203.0.113.12', '192.0.2.9'].map(parseIp));
});
