import test from 'ava';
import { VipClaims } from '../../src/watcher/vip_claims.js';
import type { Balancer, Vip } from '../../src/watcher/vips.js';

const CLUSTER: Balancer = { scope: 'cluster', protocol: 'tcp' };
const OWN: Balancer = { ...CLUSTER, service: 'default/b', options: { affinity_timeout: '60' } };

function vip(address: string, targets: string, balancer = CLUSTER): Vip {
  return { balancer, vip: address, targets };
}

function names(ids: readonly { readonly vip: string; readonly balancer: Balancer }[]): string[] {
  return ids.map((id) => `${id.balancer.service ?? 'shared'} ${id.vip}`).sort();
}

test('what a service claims now and claimed before is touched, and nothing else', (t) => {
  const claims = new VipClaims();
  claims.put('default/other', 1, [vip('9.9.9.9:80', 'x')]);
  t.deepEqual(names(claims.put('default/a', 1, [vip('1.1.1.1:80', 'x'), vip('1.1.1.1:81', 'x')])), [
    'shared 1.1.1.1:80',
    'shared 1.1.1.1:81',
  ]);
  t.deepEqual(names(claims.put('default/a', 1, [vip('1.1.1.1:81', 'y')])), [
    'shared 1.1.1.1:80',
    'shared 1.1.1.1:81',
  ]);
  t.is(claims.targets(vip('1.1.1.1:80', '')), undefined);
  t.is(claims.targets(vip('1.1.1.1:81', '')), 'y');
  t.deepEqual(names(claims.put('default/a', 1, [])), ['shared 1.1.1.1:81']);
  t.deepEqual(claims.services, ['default/other']);
  t.deepEqual(names(claims.all), ['shared 9.9.9.9:80']);
});

test('the older of two keeps it, in whatever order they come; the other has it when that is gone', (t) => {
  for (const order of [
    ['default/a', 'default/b'],
    ['default/b', 'default/a'],
  ]) {
    const claims = new VipClaims();
    for (const key of order) claims.put(key, key === 'default/a' ? 1 : 2, [vip('1.1.1.1:80', key)]);
    t.is(claims.targets(vip('1.1.1.1:80', '')), 'default/a');
    t.deepEqual(claims.conflicts, [
      'Service default/b: tcp 1.1.1.1:80 is that of Service default/a, which is older',
    ]);
    t.deepEqual(names(claims.put('default/a', 0, [])), ['shared 1.1.1.1:80']);
    t.is(claims.targets(vip('1.1.1.1:80', '')), 'default/b');
    t.deepEqual(claims.conflicts, []);
  }
});

test('of two that are as old the one whose name is first keeps it', (t) => {
  const claims = new VipClaims();
  claims.put('default/b', 1, [vip('1.1.1.1:80', 'b')]);
  claims.put('default/a', 1, [vip('1.1.1.1:80', 'a')]);
  t.is(claims.targets(vip('1.1.1.1:80', '')), 'a');
});

test('only one row has an address that a shared one and a row of its own could have', (t) => {
  const claims = new VipClaims();
  claims.put('default/b', 2, [vip('1.1.1.1:80', 'b', OWN)]);
  t.deepEqual(names(claims.put('default/a', 1, [vip('1.1.1.1:80', 'a')])), [
    'default/b 1.1.1.1:80',
    'shared 1.1.1.1:80',
  ]);
  t.is(claims.targets(vip('1.1.1.1:80', '')), 'a');
  t.is(claims.targets(vip('1.1.1.1:80', '', OWN)), undefined);
  t.deepEqual(names(claims.all), ['shared 1.1.1.1:80']);
});

test('a service that gets a row of its own leaves the shared one', (t) => {
  const claims = new VipClaims();
  claims.put('default/b', 1, [vip('1.1.1.1:80', 'b')]);
  t.deepEqual(names(claims.put('default/b', 1, [vip('1.1.1.1:80', 'b', OWN)])), [
    'default/b 1.1.1.1:80',
    'shared 1.1.1.1:80',
  ]);
  t.is(claims.targets(vip('1.1.1.1:80', '')), undefined);
  t.is(claims.targets(vip('1.1.1.1:80', '', OWN)), 'b');
});

test('the same address on two gateways, or of two protocols, is no conflict', (t) => {
  const claims = new VipClaims();
  const on = (gateway: string): Balancer => ({ scope: { gateway }, protocol: 'tcp' });
  claims.put('default/a', 1, [vip('1.1.1.1:80', 'a', on('gw1'))]);
  claims.put('default/b', 1, [vip('1.1.1.1:80', 'b', on('gw2'))]);
  claims.put('default/c', 1, [vip('1.1.1.1:80', 'c', { scope: 'cluster', protocol: 'udp' })]);
  t.deepEqual(claims.conflicts, []);
  t.is(claims.targets(vip('1.1.1.1:80', '', on('gw2'))), 'b');
});
