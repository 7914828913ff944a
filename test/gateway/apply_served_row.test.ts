import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { ServedRow } from '../../src/gateway/apply_served_row.js';
import { type IpAddress, parseIp } from '../../src/net/ip.js';
import { Keyed } from '../../src/openflow/keyed.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { readServed } from '../../src/ovn/gateways.js';
import { TestClock } from '../neighbour/wire_of_two.js';
import { FakeNorthbound } from '../watcher/fake_northbound.js';

function begin() {
  const nb = new FakeNorthbound();
  nb.insert('Logical_Router', { name: 'GR_gw1', external_ids: new Map([['first_gateway', 'yes']]) });
  const problems = new Problems(SILENT);
  const clock = new TestClock();
  const rung = { times: 0 };
  const row = new ServedRow({ problems, changed: () => rung.times++, clock });
  const write = (served: Keyed<IpAddress>, node: string | undefined = 'gw1') =>
    row.write(nb as unknown as Northbound, node, served);
  const read = () => [...(readServed(nb).get('gw1') ?? ['absent'])].join();
  return { nb, problems, clock, rung, write, read };
}

function keyed(...texts: readonly string[]): Keyed<IpAddress> {
  return Keyed.of(texts.map(parseIp).map((ip) => [ip, ip]));
}

test('the served addresses are written on the row of the gateway, and only if they differ', async (t) => {
  const { nb, write, read } = begin();
  const served = keyed('2001:db8::80', '203.0.113.80');
  t.is(read(), 'absent');
  write(served);
  await until('the row', () =>
    when(['2001:db8::80,203.0.113.80', '203.0.113.80,2001:db8::80'].includes(read())),
  );
  t.is(nb.committed.length, 1);
  write(served);
  write(served, 'another');
  t.is(nb.committed.length, 1);
  t.is(nb.find('Logical_Router', () => true)?.external_ids.get('first_gateway'), 'yes');
  await until('an empty list', () => {
    write(keyed());
    return when(read() === '');
  });
});

test('a write that fails is a problem, and is tried again after 5 s', async (t) => {
  const { nb, problems, clock, write, read } = begin();
  nb.failure = new Error('not the leader');
  write(keyed('203.0.113.80'));
  await until('the problem', () => when(/not the leader/.test(problems.current.join())));
  nb.failure = undefined;
  write(keyed('203.0.113.80'));
  t.is(read(), 'absent');
  clock.pass(5_000);
  await until('the row', () => {
    write(keyed('203.0.113.80'));
    return when(read() === '203.0.113.80');
  });
  await until('no problem', () => when(problems.current.length === 0));
});

test('a write whose answer was lost is no problem any more once the row has it', async (t) => {
  const { nb, problems, write } = begin();
  const served = keyed('203.0.113.80');
  nb.failure = new Error('no answer in 5000 ms');
  write(served);
  await until('the problem', () => when(problems.current.length === 1));
  nb.failure = undefined;
  const router = nb.find('Logical_Router', () => true);
  if (router === undefined) return t.fail('no router');
  const pairs = [...router.external_ids, ['k8s-served', 'yes'], ['k8s-served:203.0.113.80', 'yes']] as const;
  nb.update('Logical_Router', router._uuid, { external_ids: new Map(pairs) });
  write(served);
  t.deepEqual(problems.current, []);
});

test('what changes during a write asks for a step when the write is over', async (t) => {
  const { rung, write, read } = begin();
  write(keyed('203.0.113.80'));
  t.is(rung.times, 0);
  write(keyed('203.0.113.81'));
  await until('the ring', () => when(rung.times === 1));
  write(keyed('203.0.113.81'));
  await until('the row', () => when(read() === '203.0.113.81'));
  t.is(rung.times, 1);
});
