import test from 'ava';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { readPodSubnets } from '../../src/ovn/pod_subnets.js';
import { PortIndex } from '../../src/watcher/state_ports.js';
import { FakeNorthbound } from './fake_northbound.js';

const IP = parseIp('10.244.1.5');
const MAC = parseMac('0a:58:0a:f4:01:05');

/** Returns an index that follows a database with the switch `gw1`. */
function start() {
  const nb = new FakeNorthbound();
  const gw1 = nb.insert('Logical_Switch', { name: 'gw1' });
  const index = new PortIndex();
  index.load(nb);
  nb.onChange((changes) => index.apply(changes));
  return { nb, gw1, index };
}

test('ports and switches are found by name, and a port knows its switch', (t) => {
  const { nb, gw1, index } = start();
  const uuid = nb.insertPort(gw1, { name: 'ns_p' });
  t.is(index.port('ns_p')?._uuid, uuid);
  t.is(index.switchNamed('gw1')?._uuid, gw1);
  t.is(index.switchOf(uuid)?.name, 'gw1');
  t.is(index.port('ns_q'), undefined);
  t.is(index.switchNamed('gw2'), undefined);
});

test('rows that were there before are loaded', (t) => {
  const { nb, gw1 } = start();
  const uuid = nb.insertPort(gw1, { name: 'ns_p', addresses: [`${MAC} ${IP}`] });
  const index = new PortIndex();
  index.load(nb);
  t.is(index.switchOf(uuid)?.name, 'gw1');
  t.is(index.port('ns_p')?._uuid, uuid);
  t.true(index.isTaken(IP));
});

test('a port that moves to another switch belongs to that switch', (t) => {
  const { nb, gw1, index } = start();
  const gw2 = nb.insert('Logical_Switch', { name: 'gw2' });
  const uuid = nb.insertPort(gw1, { name: 'ns_p' });
  nb.update('Logical_Switch', gw2, { ports: [uuid] });
  nb.update('Logical_Switch', gw1, { ports: [] });
  t.is(index.switchOf(uuid)?.name, 'gw2');
});

test('a deleted port, a deleted switch and a renamed switch are not found', (t) => {
  const { nb, gw1, index } = start();
  const uuid = nb.insertPort(gw1, { name: 'ns_p', addresses: [`${MAC} ${IP}`] });
  nb.update('Logical_Switch', gw1, { name: 'renamed' });
  t.is(index.switchNamed('gw1'), undefined);
  t.is(index.switchOf(uuid)?.name, 'renamed');
  nb.delete('Logical_Switch', gw1);
  t.is(index.switchNamed('renamed'), undefined);
  t.is(index.port('ns_p'), undefined);
  t.is(index.switchOf(uuid), undefined);
  t.false(index.isTaken(IP));
});

test('an address is taken while a port has it, either static or allocated by OVN', (t) => {
  const { nb, gw1, index } = start();
  const uuid = nb.insertPort(gw1, { name: 'ns_p', addresses: ['dynamic'] });
  t.false(index.isTaken(IP));
  nb.update('Logical_Switch_Port', uuid, { dynamic_addresses: `${MAC} ${IP}` });
  t.true(index.isTaken(IP));
  t.true(index.isTaken(MAC));
  nb.update('Logical_Switch_Port', uuid, { dynamic_addresses: undefined });
  t.false(index.isTaken(IP));
  nb.update('Logical_Switch_Port', uuid, { addresses: [`${MAC} ${IP}`] });
  t.true(index.isTaken(IP));
});

test('an address that two ports have for a moment is taken until both have lost it', (t) => {
  const { nb, gw1, index } = start();
  const one = nb.insertPort(gw1, { name: 'ns_one', addresses: [`${MAC} ${IP}`] });
  const two = nb.insertPort(gw1, { name: 'ns_two', addresses: [`${MAC} ${IP}`] });
  nb.update('Logical_Switch', gw1, { ports: [two] });
  t.is(index.port('ns_one'), undefined);
  t.true(index.isTaken(IP));
  nb.update('Logical_Switch', gw1, { ports: [one] });
  t.false(index.isTaken(IP));
});

test('a router port has its MAC and addresses, and any spelling of an address is found', (t) => {
  const { nb, gw1, index } = start();
  const port = nb.insert('Logical_Router_Port', { name: 'r', mac: String(MAC), networks: [`${IP}/24`] });
  t.true(index.isTaken(IP) && index.isTaken(MAC));
  nb.delete('Logical_Router_Port', port);
  t.false(index.isTaken(IP) || index.isTaken(MAC));
  nb.insertPort(gw1, { name: 'ns_p', addresses: ['0A:58:0A:F4:01:05 FD00:0::5 dynamic 10.244.1.300'] });
  t.true(index.isTaken(MAC));
  t.true(index.isTaken(parseIp('fd00::5')));
});

test("a switch's pool begins after the highest address of its own ports, and takes back what a port loses", (t) => {
  const { nb, gw1, index } = start();
  const gw2 = nb.insert('Logical_Switch', { name: 'gw2' });
  const uuid = nb.insertPort(gw1, { name: 'ns_p', addresses: [`${MAC} ${IP}`] });
  nb.insertPort(gw2, { name: 'ns_q', addresses: ['0a:58:0a:f4:01:06 10.244.1.6'] });
  const row = index.switchNamed('gw1');
  if (row === undefined) return t.fail('no switch');
  const other_config = new Map([['exclude_ips', '10.244.1.0..10.244.1.4']]);
  const external_ids = new Map([['gateway_ip', '10.244.1.1/29']]);
  const subnets = readPodSubnets({ ...row, other_config, external_ids });
  const take = (): string | undefined =>
    index.poolOf(row, subnets)?.take((address) => !index.isTaken(address));
  t.is(take(), undefined, '10.244.1.6 is of another switch, and taken');
  nb.update('Logical_Switch_Port', uuid, { addresses: [] });
  t.is(take(), IP);
  index.giveBack([IP, parseIp('10.244.1.6')]);
  t.is(take(), IP);
});

test("the last row of a pod's deleted port is remembered, of other ports nothing", (t) => {
  const { nb, gw1, index } = start();
  const external_ids = new Map([
    ['pod', 'true'],
    ['namespace', 'ns'],
  ]);
  nb.insertPort(gw1, { name: 'ns_p', addresses: ['one'], external_ids });
  nb.insertPort(gw1, { name: 'other' });
  nb.update('Logical_Switch', gw1, { ports: [] });
  t.deepEqual(index.deletedPort('ns_p')?.addresses, ['one']);
  t.is(index.deletedPort('other'), undefined);
  nb.insertPort(gw1, { name: 'ns_p', addresses: ['two'], external_ids });
  nb.update('Logical_Switch', gw1, { ports: [] });
  t.deepEqual(index.deletedPort('ns_p')?.addresses, ['two']);
});

test('no more than 4096 deleted ports are remembered, the last ones', (t) => {
  const index = new PortIndex();
  const external_ids = new Map([
    ['pod', 'true'],
    ['namespace', 'ns'],
  ]);
  for (let i = 0; i < 4097; i++) {
    const old = { _uuid: `${i}`, name: `ns_${i}`, addresses: [], external_ids };
    index.apply([{ table: 'Logical_Switch_Port', old: old as never, row: undefined }]);
  }
  t.is(index.deletedPort('ns_0'), undefined);
  t.is(index.deletedPort('ns_1')?.name, 'ns_1');
  t.is(index.deletedPort('ns_4096')?.name, 'ns_4096');
});
