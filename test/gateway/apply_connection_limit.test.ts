import test from 'ava';
import { ConnectionLimit } from '../../src/gateway/apply_connection_limit.js';

/** A switch with a default limit, as ovs-vswitchd answers. */
function limitOf(limit: number, mostOfHost: number | undefined) {
  const asked: string[] = [];
  const problems = new Map<string, readonly string[]>();
  const sut = new ConnectionLimit({
    ask: async (...words) => {
      asked.push(words.join(' '));
      return `default limit=${limit}\n`;
    },
    mostOfHost: () => mostOfHost,
    problems: { set: (owner, found) => problems.set(owner, found) },
  });
  return { sut, asked, problems };
}

test('a zone without a limit gets a quarter of what the kernel tracks', async (t) => {
  const { sut, asked } = limitOf(0, 262_144);
  t.deepEqual(await sut.reconcile(), ['at most 65536 tracked connections in a zone']);
  t.deepEqual(asked, ['dpctl/ct-get-limits', 'dpctl/ct-set-limits default=65536']);
});

test('a zone gets 65,536 where the kernel tracks no connections', async (t) => {
  const { sut, asked } = limitOf(0, undefined);
  await sut.reconcile();
  t.is(asked[1], 'dpctl/ct-set-limits default=65536');
});

test('the limit that an operator has set stays', async (t) => {
  const { sut, asked } = limitOf(1_000, 262_144);
  t.deepEqual(await sut.reconcile(), []);
  t.deepEqual(asked, ['dpctl/ct-get-limits']);
});

test('a switch that takes no limit is a problem, and no error', async (t) => {
  const problems: string[] = [];
  const sut = new ConnectionLimit({
    ask: async () => {
      throw new Error('Operation not supported');
    },
    mostOfHost: () => undefined,
    problems: { set: (_owner, found) => problems.push(...found) },
  });
  t.deepEqual(await sut.reconcile(), []);
  t.regex(problems.join(), /pods can fill the connection tracking of the host: .*Operation not supported/);
});
