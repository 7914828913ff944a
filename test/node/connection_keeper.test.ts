import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { ConnectionKeeper } from '../../src/node/connection_keeper.js';
import type { LoadBalancerRow } from '../../src/ovn/load_balancers.js';
import type { Uuid } from '../../src/ovsdb/columns.js';

const VIP = '10.96.0.10:53';
const FLUSHED =
  'ct_nw_dst=10.96.0.10,ct_nw_proto=17,ct_tp_dst=53 ct_nw_src=10.244.1.3,ct_nw_proto=17,ct_tp_src=53';

/** A keeper with a clock, a switch that records what it is asked, and one service's row. */
class Bench {
  clock = 0;
  dump = '';
  /** How long a deletion takes. */
  flushMs = 0;
  failing: Error | undefined;
  /** Why the entries cannot be listed, though they can be deleted. */
  unlisted: Error | undefined;
  /** Called before each deletion. */
  onFlush = () => {};
  readonly asked: string[] = [];
  readonly problems = new Problems(SILENT);
  readonly keeper = new ConnectionKeeper({
    rows: () => this.rows,
    dump: async () => {
      const dump = this.answer('dump', this.dump);
      if (this.unlisted !== undefined) throw this.unlisted;
      return dump;
    },
    flush: async (tuples) => {
      this.onFlush();
      this.clock += this.flushMs;
      this.answer(tuples.join(' '), '');
    },
    problems: this.problems,
    now: () => this.clock,
  });
  private rows: ReadonlyMap<Uuid, LoadBalancerRow> | undefined;

  serve(...endpoints: readonly string[]): void {
    const row = {
      _uuid: 'row' as Uuid,
      vips: new Map([[VIP, endpoints.join(',')]]),
      external_ids: new Map([['k8s-service', 'default/dns']]),
    } as unknown as LoadBalancerRow;
    this.rows = new Map([[row._uuid, row]]);
  }

  /** Lets `ms` pass, with a round whenever the keeper wants one. */
  async pass(ms: number): Promise<void> {
    const end = this.clock + ms;
    for (;;) {
      const wait = await this.keeper.round();
      if (this.clock + wait > end) break;
      this.clock += wait;
    }
    this.clock = end;
  }

  take(): readonly string[] {
    return this.asked.splice(0);
  }

  private answer(question: string, reply: string): string {
    if (this.failing !== undefined) throw this.failing;
    this.asked.push(question);
    return reply;
  }
}

test('the entries of a destination that left are deleted at once and ten times within 2 s, then ever less often', async (t) => {
  const bench = new Bench();
  bench.serve('10.244.1.3:53', '10.244.2.3:53');
  await bench.pass(0);
  t.deepEqual(bench.take(), ['dump'], 'one look at the start');
  bench.serve('10.244.2.3:53');
  await bench.pass(0);
  t.deepEqual(bench.take(), [FLUSHED]);
  await bench.pass(1_000);
  t.true(bench.take().length >= 7);
  await bench.pass(59_000);
  const later = bench.take().length;
  t.true(later >= 10 && later <= 30, `${later}`);
  await bench.pass(20_000);
  bench.take();
  await bench.pass(300_000);
  t.deepEqual(bench.take(), []);
});

test('twelve destinations whose deletion takes 5 ms each are deleted five times within 1 s', async (t) => {
  const bench = new Bench();
  const all = Array.from({ length: 12 }, (_, i) => `10.244.3.${i}:53`);
  bench.serve(...all);
  await bench.pass(0);
  bench.take();
  bench.serve();
  bench.flushMs = 5;
  await bench.pass(1_000);
  const count = bench.take().length;
  t.true(count >= 5 * 12, `${count} deletions`);
});

test('a destination that is back keeps its entries', async (t) => {
  const bench = new Bench();
  bench.serve('10.244.1.3:53');
  await bench.pass(0);
  bench.serve('10.244.2.3:53');
  await bench.pass(300);
  bench.take();
  bench.serve('10.244.1.3:53', '10.244.2.3:53');
  await bench.pass(300_000);
  t.deepEqual(bench.take(), []);
});

test('destinations that left while the daemon was down are found by one look at its start', async (t) => {
  const bench = new Bench();
  const entry = (vip: string, endpoint: string) =>
    `udp,orig=(src=10.244.2.9,dst=${vip},sport=4000,dport=53),reply=(src=${endpoint},dst=10.244.2.9,sport=53,dport=4000),zone=19,mark=2`;
  bench.dump = [entry('10.96.0.10', '10.244.1.3'), entry('10.96.0.10', '10.244.2.3')].join('\n');
  bench.dump += `\n${entry('10.96.0.99', '10.244.1.3')}`;
  bench.serve('10.244.2.3:53');
  await bench.pass(0);
  t.deepEqual(bench.take(), ['dump', FLUSHED]);
});

test('of 100,000 destinations that leave at once, those with entries are deleted, a bounded number a round', async (t) => {
  const bench = new Bench();
  const all = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:53`);
  bench.serve(...all);
  await bench.pass(0);
  bench.take();
  bench.serve('10.244.2.3:53');
  bench.dump = all
    .slice(0, 300)
    .map(
      (one, i) =>
        `udp,orig=(src=10.244.2.9,dst=10.96.0.10,sport=${i + 1},dport=53),reply=(src=${one.split(':')[0]},dst=10.244.2.9,sport=53,dport=${i + 1}),zone=19`,
    )
    .join('\n');
  await bench.keeper.round();
  t.is(bench.take().length, 1 + 256);
  bench.dump = '';
  bench.clock += 100;
  await bench.keeper.round();
  t.deepEqual(bench.take(), ['dump']);
});

test('a switch that does not answer is a problem once, and is looked at when it does', async (t) => {
  const bench = new Bench();
  bench.serve('10.244.1.3:53');
  await bench.pass(0);
  bench.take();
  bench.failing = new Error('br-int: no answer');
  bench.serve('10.244.2.3:53');
  t.is(await bench.keeper.round(), 1_000);
  t.deepEqual(bench.problems.current, ['br-int: no answer']);
  bench.failing = undefined;
  bench.clock += 1_000;
  await bench.keeper.round();
  t.deepEqual(bench.take(), [FLUSHED, 'dump']);
  t.deepEqual(bench.problems.current, []);
});

test('entries that cannot be listed are a problem, and hold up no deletion', async (t) => {
  const bench = new Bench();
  bench.unlisted = new Error('dpctl/dump-conntrack: the reply is too long');
  bench.serve('10.244.1.3:53');
  await bench.pass(0);
  t.deepEqual(bench.take(), ['dump']);
  t.deepEqual(bench.problems.current, [bench.unlisted.message]);
  bench.serve('10.244.2.3:53');
  await bench.pass(900);
  const asked = bench.take();
  t.true(asked.length >= 7 && asked.every((one) => one === FLUSHED), asked.join('\n'));
  await bench.pass(600_000);
  const looks = bench.take().filter((one) => one === 'dump').length;
  t.true(looks >= 10 && looks <= 16, `${looks} looks within 10 minutes`);
  bench.unlisted = undefined;
  await bench.pass(60_000);
  t.deepEqual(bench.problems.current, []);
});

test('a daemon that ends begins no other deletion', async (t) => {
  const bench = new Bench();
  bench.serve(...Array.from({ length: 30 }, (_, i) => `10.244.3.${i}:53`));
  await bench.pass(0);
  bench.take();
  bench.serve();
  const stop = new AbortController();
  bench.onFlush = () => stop.abort();
  await bench.keeper.run(stop.signal);
  t.is(bench.take().length, 1);
});
