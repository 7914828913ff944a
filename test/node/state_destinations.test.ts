import test from 'ava';
import { Destinations } from '../../src/node/state_destinations.js';
import type { Uuid } from '../../src/ovsdb/columns.js';

/** Rows of load balancers by name, each with its virtual addresses. */
type Rows = Readonly<Record<string, Readonly<Record<string, string>>>>;

function rowsOf(rows: Rows, isService = true) {
  return new Map(
    Object.entries(rows).map(([uuid, vips]) => [
      uuid as Uuid,
      {
        vips: new Map(Object.entries(vips)),
        external_ids: new Map(isService ? [['k8s-service', 'default/dns']] : []),
      },
    ]),
  );
}

function left(rows: readonly Rows[], isService?: boolean): readonly string[] {
  const destinations = new Destinations();
  let last: readonly string[] = [];
  for (const one of rows)
    last = destinations.take(rowsOf(one, isService)).map(({ vip, endpoint }) => `${vip} ${endpoint}`);
  return last;
}

const VIP = '10.96.0.10:53';

test('the destinations that a virtual address loses have left, and no others', (t) => {
  t.deepEqual(left([{ a: { [VIP]: '10.244.1.3:53,10.244.2.3:53' } }]), []);
  t.deepEqual(
    left([{ a: { [VIP]: '10.244.1.3:53,10.244.2.3:53' } }, { a: { [VIP]: '10.244.2.3:53,10.244.3.3:53' } }]),
    [`${VIP} 10.244.1.3:53`],
  );
  t.deepEqual(left([{ a: { [VIP]: '10.244.1.3:53' } }, { a: { [VIP]: '' } }]), [`${VIP} 10.244.1.3:53`]);
});

test('a virtual address or a row that goes takes its destinations along', (t) => {
  const both = { [VIP]: '10.244.1.3:53', '[fd00::a]:53': '[fd00::3]:53' };
  t.deepEqual(left([{ a: both }, { a: { [VIP]: '10.244.1.3:53' } }]), ['[fd00::a]:53 [fd00::3]:53']);
  t.deepEqual(left([{ a: both }, {}]), [`${VIP} 10.244.1.3:53`, '[fd00::a]:53 [fd00::3]:53']);
});

test('a destination that moves to another row, or is left in one, has not left', (t) => {
  const has = { [VIP]: '10.244.1.3:53' };
  t.deepEqual(left([{ a: has }, { b: has }]), []);
  t.deepEqual(
    left([
      { a: has, b: has },
      { a: has, b: { [VIP]: '' } },
    ]),
    [],
  );
  t.deepEqual(left([{ a: has, b: has }, { b: { [VIP]: '' } }]), [`${VIP} 10.244.1.3:53`]);
});

test("an operator's load balancers are left alone", (t) => {
  t.deepEqual(left([{ a: { [VIP]: '10.244.1.3:53' } }, {}], false), []);
  const destinations = new Destinations();
  destinations.take(rowsOf({ a: { [VIP]: '10.244.1.3:53' } }, false));
  t.false(destinations.lacks({ vip: VIP, endpoint: '10.244.9.9:53' }));
});

test('a virtual address lacks what is no destination of it; one that is nobody’s lacks nothing', (t) => {
  const destinations = new Destinations();
  destinations.take(rowsOf({ a: { [VIP]: '10.244.1.3:53' } }));
  t.true(destinations.has({ vip: VIP, endpoint: '10.244.1.3:53' }));
  t.false(destinations.lacks({ vip: VIP, endpoint: '10.244.1.3:53' }));
  t.true(destinations.lacks({ vip: VIP, endpoint: '10.244.1.4:53' }));
  t.false(destinations.lacks({ vip: '10.96.0.11:53', endpoint: '10.244.1.3:53' }));
});

test('of a virtual address with 20,000 destinations each question costs next to nothing', (t) => {
  const all = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:53`);
  const destinations = new Destinations();
  destinations.take(rowsOf({ a: { [VIP]: all.join(',') } }));
  const left = destinations.take(rowsOf({ a: { [VIP]: all.slice(10_000).join(',') } }));
  t.is(left.length, 10_000);
  const began = performance.now();
  t.true(left.every((one) => !destinations.has(one) && destinations.lacks(one)));
  // One question that reads the whole text takes 2 ms, so all would take 40 s.
  t.true(performance.now() - began < 5_000);
});
