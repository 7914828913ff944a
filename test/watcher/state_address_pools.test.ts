import test from 'ava';
import fc from 'fast-check';
import { parseCidr } from '../../src/net/cidr.js';
import { type IpAddress, type Ipv4Address, ipv4Number, parseIp } from '../../src/net/ip.js';
import { AddressPool, AddressPools } from '../../src/watcher/state_address_pools.js';

const SUBNET = parseCidr('10.244.1.0/29');

/** A pool whose addresses, given by their last octet, a test takes and leaves. */
function start(subnet = SUBNET, { used = [] as number[], excluded = [] as number[] } = {}) {
  const network = ipv4Number(subnet.address as Ipv4Address);
  const taken = new Set(used.map((n) => network + n));
  const pool = new AddressPool(
    subnet,
    excluded.map((n) => ({ first: network + n, last: network + n })),
    used.length === 0 ? undefined : Math.max(...taken),
  );
  const calls = { isFree: 0 };
  const take = () => {
    const ip = pool.take((address) => {
      calls.isFree++;
      return !taken.has(ipv4Number(address));
    });
    if (ip === undefined) return undefined;
    taken.add(ipv4Number(ip));
    return ipv4Number(ip) - network;
  };
  const leave = (n: number) => {
    if (taken.delete(network + n)) pool.release(network + n);
  };
  /** An operator gives an address to a port. */
  const set = (n: number) => taken.add(network + n);
  const isTaken = (n: number) => taken.has(network + n);
  const takeAll = () => Array.from({ length: 7 }, take).filter((one) => one !== undefined);
  return { take, leave, set, isTaken, takeAll, calls };
}

test('each address of the subnet is given once, except network, broadcast and excluded addresses', (t) => {
  t.deepEqual(start().takeAll(), [1, 2, 3, 4, 5, 6]);
  t.deepEqual(start(SUBNET, { excluded: [1, 4, 6] }).takeAll(), [2, 3, 5]);
  t.deepEqual(start(parseCidr('10.244.1.0/31')).takeAll(), [0, 1]);
});

test('the first address is the one after the highest in use', (t) => {
  t.deepEqual(start(SUBNET, { used: [2, 4] }).takeAll(), [5, 6, 1, 3]);
  t.deepEqual(start(SUBNET, { used: [6] }).takeAll(), [1, 2, 3, 4, 5]);
});

test('an address that was left is given last, the longest unused first', (t) => {
  const { take, leave, takeAll } = start();
  t.is(take(), 1);
  t.is(take(), 2);
  leave(2);
  leave(1);
  t.deepEqual(takeAll(), [3, 4, 5, 6, 2, 1]);
});

test('an address that an operator has set by hand is not given, also if it was left before', (t) => {
  const { leave, set, takeAll } = start();
  set(2);
  t.deepEqual(takeAll(), [1, 3, 4, 5, 6]);
  leave(3);
  leave(4);
  set(3);
  t.deepEqual(takeAll(), [4]);
  leave(3);
  t.deepEqual(takeAll(), [3]);
});

test('a full pool gives the next address that is left', (t) => {
  const { take, leave, takeAll } = start();
  takeAll();
  t.is(take(), undefined);
  leave(4);
  t.is(take(), 4);
  t.is(take(), undefined);
});

test('any history gives no address twice, and always the one that has been unused longest', (t) => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ op: 'take' as const, n: 0 }) },
    { weight: 4, arbitrary: fc.record({ op: fc.constant('leave' as const), n: fc.nat(13) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('set' as const), n: fc.nat(13) }) },
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { maxLength: 14 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { maxLength: 6 }),
      fc.array(step, { maxLength: 120 }),
      (used, excluded, steps) => {
        const { take, leave, set, isTaken } = start(parseCidr('10.244.1.0/28'), { used, excluded });
        const left = new Map<number, number>();
        for (const [at, { op, n }] of steps.entries()) {
          if (op === 'leave' && isTaken(n + 1)) left.set(n + 1, at);
          if (op === 'leave') leave(n + 1);
          if (op === 'set') set(n + 1);
          if (op !== 'take') continue;
          const free = Array.from({ length: 14 }, (_, i) => i + 1).filter(
            (one) => !isTaken(one) && !excluded.includes(one),
          );
          const unusedSince = (one: number) => left.get(one) ?? -1;
          const oldest = Math.min(...free.map(unusedSince));
          const given = take();
          if (given === undefined) t.deepEqual(free, []);
          else t.true(free.includes(given) && unusedSince(given) === oldest, `${given} of ${free}`);
        }
      },
    ),
  );
  t.pass();
});

test('an address costs a constant number of looks, in a large subnet and over many rounds', (t) => {
  const { take, leave, calls } = start(parseCidr('10.244.0.0/16'));
  const size = 2 ** 16 - 2;
  for (let i = 0; i < size; i++) take();
  t.is(take(), undefined);
  for (let round = 0; round < 2; round++) {
    for (let n = 1; n <= size; n++) leave(n);
    for (let i = 0; i < size; i++) take();
  }
  t.is(calls.isFree, 3 * size);
});

test('a switch keeps its pool until its subnet or its excluded addresses change', (t) => {
  const pools = new AddressPools();
  const free = () => true;
  const used = () => [parseIp('10.244.1.3')] as IpAddress[];
  const pool = pools.poolOf('gw1', { v4: SUBNET, excluded: [] }, used);
  t.is(String(pool?.take(free)), '10.244.1.4');
  t.is(pools.poolOf('gw1', { v4: parseCidr('10.244.1.0/29'), excluded: [] }, used), pool);
  const five = ipv4Number(parseIp('10.244.1.5') as Ipv4Address);
  const other = pools.poolOf('gw1', { v4: SUBNET, excluded: [{ first: five, last: five }] }, () => []);
  t.not(other, pool);
  t.is(pools.poolOf('gw2', { v4: undefined, excluded: [] }, used), undefined);
});

test('an address goes back to the pool of its switch, and a MAC or an IPv6 address to none', (t) => {
  const pools = new AddressPools();
  const one = pools.poolOf('gw1', { v4: SUBNET, excluded: [] }, () => []);
  const two = pools.poolOf('gw2', { v4: parseCidr('10.244.2.0/30'), excluded: [] }, () => []);
  const free = () => true;
  t.deepEqual([two?.take(free), two?.take(free), two?.take(free)].map(String), [
    '10.244.2.1',
    '10.244.2.2',
    'undefined',
  ]);
  pools.release(parseIp('fd00::1'));
  pools.release(parseIp('10.244.2.2'));
  t.is(String(two?.take(free)), '10.244.2.2');
  t.is(String(one?.take(free)), '10.244.1.1');
});
