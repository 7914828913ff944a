import { setImmediate as later } from 'node:timers/promises';
import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { SolicitedGroups } from '../../src/gateway/apply_solicited_groups.js';
import { parseIp } from '../../src/net/ip.js';
import { GATEWAY } from '../demux/sample.js';

/** The groups, and sockets that record what is joined, one line a socket. */
function begin({ limit = Number.POSITIVE_INFINITY } = {}) {
  const problems = new Problems(SILENT);
  const stop = new AbortController();
  const world = { index: 7 as number | undefined, failure: undefined as Error | undefined };
  const open: Set<string>[] = [];
  const groups = new SolicitedGroups({
    bridge: 'breth0',
    problems,
    signal: stop.signal,
    indexOf: () => world.index,
    open: async () => {
      const joined = new Set<string>();
      open.push(joined);
      return {
        join: (group) => {
          if (world.failure !== undefined) throw world.failure;
          if (joined.has(group)) throw new Error('EADDRINUSE');
          if (joined.size >= limit) throw new Error('ENOMEM');
          joined.add(group);
        },
        leave: (group) => {
          if (!joined.delete(group)) throw new Error('EADDRNOTAVAIL');
        },
        close: () => void open.splice(open.indexOf(joined), 1),
      };
    },
  });
  const follow = async (served: readonly string[], more: Partial<typeof GATEWAY> = {}) => {
    groups.follow({ ...GATEWAY, ...more, served: served.map(parseIp) });
    for (let i = 0; i < 100; i++) await later();
    return open.flatMap((joined) => [...joined]).toSorted();
  };
  return { world, open, groups, follow, problems, stop };
}

test('the group of each served IPv6 address is joined once, and left with the last address of the group', async (t) => {
  const { follow } = begin();
  const [one, same, other] = ['2001:db8::12:3456', '2001:db8:1::12:3456', '2001:db8::80'];
  t.deepEqual(await follow([one, same, '203.0.113.80']), ['ff02::1:ff12:3456']);
  t.deepEqual(await follow([same, other]), ['ff02::1:ff00:80', 'ff02::1:ff12:3456']);
  t.deepEqual(await follow([other]), ['ff02::1:ff00:80']);
  t.deepEqual(await follow([]), []);
});

test("no group is joined for the gateway's own address, nor while OVN does not answer", async (t) => {
  const { follow } = begin();
  t.deepEqual(await follow(GATEWAY.addresses), []);
  t.deepEqual(await follow(['2001:db8::80'], { patch: undefined }), []);
  t.deepEqual(await follow(['2001:db8::80'], { answersServed: false }), []);
  t.deepEqual(await follow(['2001:db8::80']), ['ff02::1:ff00:80']);
});

test('an interface that was recreated joins again; without an interface nothing is joined', async (t) => {
  const { world, follow, problems, open } = begin();
  await follow(['2001:db8::80']);
  const [before] = open;
  world.index = undefined;
  t.deepEqual(await follow(['2001:db8::80']), []);
  world.index = 8;
  t.deepEqual(await follow(['2001:db8::80']), ['ff02::1:ff00:80']);
  t.not(open[0], before);
  t.deepEqual(problems.current, []);
});

test('thousands of addresses take several sockets, and beyond 4,096 groups the rest is a problem', async (t) => {
  const { open, groups, follow, problems } = begin({ limit: 360 });
  const many = Array.from({ length: 5_000 }, (_, i) => `2001:db8:1::${(i + 1).toString(16)}`);
  await follow(many);
  t.is(groups.size, 4_096);
  t.true(open.length > 11);
  t.regex(problems.current.join(), /^904 groups of served IPv6 addresses are not joined, as 4096 are/);
  await follow(many.slice(0, 100));
  t.is(groups.size, 100);
  t.deepEqual(problems.current, []);
});

test('a group that cannot be joined is a problem, and is tried again at the next step', async (t) => {
  const { world, follow, problems } = begin();
  world.failure = new Error('ENODEV');
  await follow(['2001:db8::80']);
  t.deepEqual(problems.current, [
    'breth0 does not join the groups of served IPv6 addresses: ENODEV; a switch that snoops MLD does not bring solicitations for them',
  ]);
  world.failure = undefined;
  t.deepEqual(await follow(['2001:db8::80']), ['ff02::1:ff00:80']);
  t.deepEqual(problems.current, []);
});

test('at the end of the helper the sockets are closed', async (t) => {
  const { follow, stop, open } = begin();
  await follow(['2001:db8::80']);
  stop.abort();
  t.deepEqual(open, []);
});
