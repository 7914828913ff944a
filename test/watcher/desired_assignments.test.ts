import test from 'ava';
import { VipAssignments } from '../../src/watcher/desired_assignments.js';
import type { Balancer, Vip } from '../../src/watcher/desired_balancer.js';
import { finish } from './finish.js';

const CLUSTER: Balancer = { scope: 'cluster', protocol: 'tcp', service: 'default/a', options: {} };
const ID = { balancer: CLUSTER, vip: '1.1.1.1:80' };
const OWN: Balancer = { ...CLUSTER, service: 'default/b', hashBy: 'ip_src' };

function vip(address: string, targets: string, balancer = CLUSTER): Vip {
  return { balancer, vip: address, targets };
}

function names(ids: readonly { readonly vip: string; readonly balancer: Balancer }[]): string[] {
  return ids.map((id) => `${id.balancer.service} ${id.vip}`).sort();
}

function conflictsOf(assignments: VipAssignments, service: string): readonly string[] {
  const { count, texts } = assignments.conflicts(service);
  const all = [...texts];
  return all.length === count ? all : [`${count} are counted, ${all.length} named`];
}

test('only what a service wants now or wanted before is touched', (t) => {
  const assignments = new VipAssignments();
  finish(assignments.put('default/other', 1, [vip('9.9.9.9:80', 'x')]));
  t.deepEqual(
    names(finish(assignments.put('default/a', 1, [vip('1.1.1.1:80', 'x'), vip('1.1.1.1:81', 'x')]))),
    ['default/a 1.1.1.1:80', 'default/a 1.1.1.1:81'],
  );
  t.deepEqual(names(finish(assignments.put('default/a', 1, [vip('1.1.1.1:81', 'y')]))), [
    'default/a 1.1.1.1:80',
    'default/a 1.1.1.1:81',
  ]);
  t.is(assignments.targets(ID), undefined);
  t.is(assignments.targets(vip('1.1.1.1:81', '')), 'y');
  t.deepEqual(names(finish(assignments.put('default/a', 1, []))), ['default/a 1.1.1.1:81']);
  t.deepEqual([...assignments.services], ['default/other']);
  t.deepEqual(names(assignments.all), ['default/a 9.9.9.9:80']);
  t.is(assignments.size, 1);
});

test('the older of two services gets an address; the younger gets it when the older one is gone', (t) => {
  for (const order of [
    ['default/a', 'default/b'],
    ['default/b', 'default/a'],
  ]) {
    const assignments = new VipAssignments();
    for (const key of order)
      finish(assignments.put(key, key === 'default/a' ? 1 : 2, [vip('1.1.1.1:80', key)]));
    t.is(assignments.targets(ID), 'default/a');
    t.deepEqual(conflictsOf(assignments, 'default/b'), [
      'tcp 1.1.1.1:80 belongs to Service default/a, which is older',
    ]);
    t.true(assignments.takeContested().has('default/b'));
    t.deepEqual(conflictsOf(assignments, 'default/a'), []);
    t.deepEqual(names(finish(assignments.put('default/a', 0, []))), ['default/a 1.1.1.1:80']);
    t.is(assignments.targets(ID), 'default/b');
    t.deepEqual(conflictsOf(assignments, 'default/b'), []);
    t.deepEqual([...assignments.takeContested()], ['default/b']);
    t.is(assignments.takeContested().size, 0);
  }
});

test('the first by name of two services created in the same second gets the address', (t) => {
  const assignments = new VipAssignments();
  finish(assignments.put('default/b', 1, [vip('1.1.1.1:80', 'b')]));
  finish(assignments.put('default/a', 1, [vip('1.1.1.1:80', 'a')]));
  t.is(assignments.targets(ID), 'a');
});

test('one row has an address that rows of two services could have', (t) => {
  const assignments = new VipAssignments();
  finish(assignments.put('default/b', 2, [vip('1.1.1.1:80', 'b', OWN)]));
  t.deepEqual(names(finish(assignments.put('default/a', 1, [vip('1.1.1.1:80', 'a')]))), [
    'default/a 1.1.1.1:80',
    'default/b 1.1.1.1:80',
  ]);
  t.is(assignments.targets(ID), 'a');
  t.is(assignments.targets(vip('1.1.1.1:80', '', OWN)), undefined);
  t.deepEqual(names(assignments.all), ['default/a 1.1.1.1:80']);
});

test('a service that gets other options leaves its former row', (t) => {
  const assignments = new VipAssignments();
  const { hashBy: _, ...former } = OWN;
  finish(assignments.put('default/b', 1, [vip('1.1.1.1:80', 'b', former)]));
  t.is(finish(assignments.put('default/b', 1, [vip('1.1.1.1:80', 'b', OWN)])).length, 2);
  t.is(assignments.targets(vip('1.1.1.1:80', '', former)), undefined);
  t.is(assignments.targets(vip('1.1.1.1:80', '', OWN)), 'b');
});

test('one address on two gateways, or for two protocols, is not a conflict', (t) => {
  const assignments = new VipAssignments();
  const on = (gateway: string): Balancer => ({ ...CLUSTER, scope: { gateway } });
  finish(assignments.put('default/a', 1, [vip('1.1.1.1:80', 'a', on('gw1'))]));
  finish(assignments.put('default/b', 1, [vip('1.1.1.1:80', 'b', on('gw2'))]));
  finish(assignments.put('default/c', 1, [vip('1.1.1.1:80', 'c', { ...CLUSTER, protocol: 'udp' })]));
  t.is(assignments.takeContested().size, 0);
  t.is(assignments.targets(vip('1.1.1.1:80', '', on('gw2'))), 'b');
});

test('a node port goes before an older external address, which gets its place when the node port has gone', (t) => {
  const assignments = new VipAssignments();
  finish(assignments.put('default/waiting', 1, [vip('1.1.1.1:80', 'waiting')]));
  t.is(assignments.targets(ID), 'waiting');
  finish(assignments.put('default/b', 2, [{ ...vip('1.1.1.1:80', 'node port'), isNodePort: true }]));
  t.is(assignments.targets(ID), 'node port');
  t.deepEqual(conflictsOf(assignments, 'default/waiting'), [
    'tcp 1.1.1.1:80 is a node port of Service default/b',
  ]);
  finish(assignments.put('default/b', 2, []));
  t.is(assignments.targets(ID), 'waiting');
});
