import test from 'ava';
import { NorthboundSource } from '../../../src/watcher/sources/northbound.js';
import { Changes } from '../../../src/watcher/state_changes.js';
import { addGateway, addNode } from '../cluster_rows.js';
import { FakeNorthbound } from '../fake_northbound.js';

const POD = new Map([
  ['pod', 'true'],
  ['namespace', 'ns'],
]);

/** A source that follows a database with node `gw1`; the marks of the start are taken. */
function start() {
  const nb = new FakeNorthbound();
  const gw1 = addNode(nb, 'gw1', 1);
  const stop = new AbortController();
  let rung = 0;
  const changes = new Changes(() => rung++);
  const source = new NorthboundSource(nb, changes);
  const done = source.run(stop.signal);
  const wasMarked = changes.takeAll() && changes.takeGateways();
  return { nb, gw1, source, changes, stop, done, wasMarked, rung: () => rung };
}

test('at its start it loads the ports, marks everything and rings', (t) => {
  const { source, wasMarked, rung } = start();
  t.is(source.ports.switchNamed('gw1')?.name, 'gw1');
  t.true(wasMarked);
  t.is(rung(), 1);
});

test('a new port marks the annotation of its pod; a changed or deleted port marks the pod', (t) => {
  const { nb, gw1, source, changes } = start();
  const uuid = nb.insertPort(gw1, { name: 'ns_one', external_ids: POD });
  t.deepEqual([...changes.takeAnnotations()], ['ns/one']);
  nb.update('Logical_Switch_Port', uuid, { dynamic_addresses: '0a:58:0a:f4:01:05 10.244.1.5' });
  t.deepEqual(changes.takePods(10), ['ns/one']);
  t.is(source.ports.port('ns_one')?.dynamic_addresses, '0a:58:0a:f4:01:05 10.244.1.5');
  nb.update('Logical_Switch', gw1, { ports: [] });
  t.deepEqual(changes.takePods(10), ['ns/one']);
  t.deepEqual([...changes.takeAnnotations()], []);
  t.false(changes.takeAll());
});

test('a port of no pod marks nothing', (t) => {
  const { nb, gw1, changes } = start();
  nb.insertPort(gw1, { name: 'stor-gw1' });
  t.deepEqual([...changes.takeAnnotations()], []);
  t.false(changes.hasPods);
  t.false(changes.takeAll());
});

test('an added or deleted switch, router or group marks everything; a changed one does not', (t) => {
  const { nb, gw1, changes } = start();
  for (const table of ['Logical_Switch', 'Logical_Router', 'Load_Balancer_Group'] as const) {
    const uuid = nb.insert(table, { name: 'new' });
    t.true(changes.takeAll(), table);
    nb.update(table, uuid, { name: 'renamed' });
    t.false(changes.takeAll(), table);
    nb.delete(table, uuid);
    t.true(changes.takeAll(), table);
  }
  nb.insertPort(gw1, { name: 'ns_one', external_ids: POD });
  t.false(changes.takeAll());
});

test('a load balancer that was changed or deleted marks its service, and nothing else', (t) => {
  const { nb, source, changes } = start();
  const row = (service: string) =>
    new Map([
      ['k8s-service', service],
      ['k8s-balancer', 'text'],
    ]);
  const uuid = nb.insert('Load_Balancer', { external_ids: row('ns/web') });
  t.deepEqual([...changes.takeServices()], [], 'the watcher inserts it whole');
  t.is(source.balancers.row('text')?._uuid, uuid);
  nb.update('Load_Balancer', uuid, { vips: new Map([['10.96.0.5:80', '']]) });
  t.deepEqual([...changes.takeServices()], ['ns/web']);
  nb.update('Load_Balancer', uuid, { external_ids: row('ns/other') });
  t.deepEqual([...changes.takeServices()], ['ns/web', 'ns/other']);
  nb.delete('Load_Balancer', uuid);
  t.deepEqual([...changes.takeServices()], ['ns/other']);
  t.is(source.balancers.row('text'), undefined);
  const theirs = nb.insert('Load_Balancer', { name: 'theirs' });
  nb.delete('Load_Balancer', theirs);
  t.deepEqual([...changes.takeServices()], []);
  t.false(changes.takeAll());
});

test('a load balancer of all services, as earlier versions had them, marks everything', (t) => {
  const { nb, changes } = start();
  nb.insert('Load_Balancer', { external_ids: new Map([['TCP_lb_gateway_router', 'GR_gw1']]) });
  t.true(changes.takeAll());
});

test('a switch or a router that loses a group marks everything; one that gets a group does not', (t) => {
  const { nb, gw1, changes } = start();
  const groups = nb.table('Logical_Switch').get(gw1)?.load_balancer_group ?? [];
  t.is(groups.length, 2);
  nb.update('Logical_Switch', gw1, { load_balancer_group: groups.slice(1) });
  t.true(changes.takeAll());
  nb.update('Logical_Switch', gw1, { load_balancer_group: groups });
  t.false(changes.takeAll());
});

test("a change of what a switch's pods get their addresses from marks everything", (t) => {
  const { nb, gw1, changes } = start();
  nb.update('Logical_Switch', gw1, { other_config: new Map([['exclude_ips', '10.244.1.5']]) });
  t.true(changes.takeAll());
  nb.update('Logical_Switch', gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/28']]) });
  t.true(changes.takeAll());
  nb.update('Logical_Switch', gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/28']]) });
  t.false(changes.takeAll());
});

test('a change of the addresses of a host marks the hosts only', (t) => {
  const { nb, gw1, changes } = start();
  changes.takeHosts();
  const external_ids = new Map([
    ['gateway_ip', '10.244.1.1/24'],
    ['k8s-host-addresses', '203.0.113.1'],
  ]);
  nb.update('Logical_Switch', gw1, { external_ids });
  t.false(changes.takeAll());
  t.true(changes.takeHosts());
  nb.update('Logical_Switch', gw1, { ports: [gw1] });
  t.false(changes.takeHosts());
});

test('pods that wait for an address are marked when a port loses its own', (t) => {
  const { nb, gw1, changes } = start();
  changes.awaitAddress('ns/late');
  const uuid = nb.insertPort(gw1, { name: 'other', addresses: ['0a:58:0a:f4:01:05 10.244.1.5'] });
  t.false(changes.hasPods);
  nb.update('Logical_Switch_Port', uuid, { addresses: [] });
  t.deepEqual(changes.takePods(10), ['ns/late']);
  nb.update('Logical_Switch', gw1, { ports: [] });
  t.false(changes.hasPods);
});

test('a change of a gateway router marks the gateways', (t) => {
  const { nb, changes } = start();
  const router = addGateway(nb, 'gw1', 1, false);
  t.true(changes.takeGateways());
  changes.takeAll();
  nb.update('Logical_Router', router, { external_ids: new Map([['physical_ip', '203.0.113.9']]) });
  t.true(changes.takeGateways());
  t.false(changes.takeAll());
});

test('a connection that is lost or back marks everything', (t) => {
  const { nb, changes, rung } = start();
  const before = rung();
  nb.setConnected(false);
  t.true(changes.takeAll());
  nb.setConnected(true);
  t.true(changes.takeAll());
  t.is(rung(), before + 2);
});

test('it follows nothing after its end', async (t) => {
  const { nb, changes, stop, done, rung } = start();
  stop.abort();
  await done;
  const before = rung();
  nb.insert('Logical_Switch', { name: 'late' });
  nb.setConnected(false);
  t.false(changes.takeAll());
  t.is(rung(), before);
});
