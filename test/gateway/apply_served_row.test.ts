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
  const row = new ServedRow({ problems, clock });
  const write = (served: Keyed<IpAddress>, node: string | undefined = 'gw1') =>
    row.write(nb as unknown as Northbound, node, served);
  const read = () => [...(readServed(nb).get('gw1') ?? ['absent'])].join();
  return { nb, problems, clock, write, read };
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
