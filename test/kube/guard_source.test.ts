import { networkInterfaces } from 'node:os';
import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { GuardSource, type KnownClaims } from '../../src/kube/guard_source.js';
import { parseCidr } from '../../src/net/cidr.js';
import { type Claim, claimOf } from '../../src/net/claims.js';
import { parseIp } from '../../src/net/ip.js';
import { FakeSettings } from '../switch/fake_settings.js';

const KNOWN: KnownClaims = {
  nodes: [claimOf(parseIp('203.0.113.12'), 'an address of node n1')],
  rows: [{ network: parseCidr('10.244.0.0/16'), what: "in the cluster's 10.244.0.0/16" }],
  routers: [parseIp('203.0.113.1')],
  local: [parseCidr('203.0.113.11/24')],
};

const OWN = claimOf(parseIp('203.0.113.80'), 'an address of this host (eth0)');

function begin(
  ids: Readonly<Record<string, string>> = {},
  allowed?: readonly ReturnType<typeof parseCidr>[],
  hasSpeaker = false,
  host?: () => readonly Claim[],
) {
  const settings = new FakeSettings(ids);
  const problems = new Problems(SILENT);
  const source = new GuardSource({
    settings,
    allowed,
    hasSpeaker,
    ...(host && { host }),
    server: () => new URL('https://203.0.113.10:6443'),
    problems,
    changed: () => undefined,
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  return { source, settings, problems, end };
}

test('there is no guard until nodes, rows, routers and servers are known', async (t) => {
  const { source, end } = begin();
  await until('the guard', () => when(source.guard(KNOWN) !== undefined));
  for (const unknown of [{ nodes: undefined }, { rows: undefined }, { routers: undefined }])
    t.is(source.guard({ ...KNOWN, ...unknown }), undefined);
  t.is(source.guard(KNOWN), source.guard(KNOWN));
  await end();
});

test('the guard refuses the addresses of nodes, rows, routers, servers and this host', async (t) => {
  const { source, end } = begin({ 'ovn-nb': 'tcp:203.0.113.9:6641' });
  const guard = await until('the guard', () => source.guard(KNOWN));
  for (const [ip, what] of [
    ['203.0.113.12', 'it is an address of node n1'],
    ['203.0.113.1', 'it is a default router'],
    ['203.0.113.10', 'it is the address of the API server'],
    ['203.0.113.9', 'it is the address of external_ids:ovn-nb'],
    ['203.0.113.255', "it is no host's address in 203.0.113.0/24"],
    ['10.244.9.9', "it is in the cluster's 10.244.0.0/16"],
    ['203.0.113.80', undefined],
  ] as const)
    t.is(guard.refusal(parseIp(ip)), what);
  await end();
});

test('a limit follows the setting, the option wins, and an invalid setting allows nothing and is a problem', async (t) => {
  const { source, settings, problems, end } = begin();
  await until('the guard', () => when(source.guard(KNOWN) !== undefined));
  t.is(source.limit, undefined);
  settings.set({ 'k8s-external-ip-cidrs': '203.0.113.64/26' });
  t.is(source.limit, '203.0.113.64/26');
  t.is(source.guard(KNOWN)?.refusal(parseIp('203.0.113.80')), undefined);
  t.regex(source.guard(KNOWN)?.refusal(parseIp('203.0.113.20')) ?? '', /external-ip-cidrs is 203/);
  settings.set({ 'k8s-external-ip-cidrs': 'all' });
  t.regex(source.guard(KNOWN)?.refusal(parseIp('203.0.113.80')) ?? '', /external-ip-cidrs is none/);
  t.regex(problems.current.join(), /external_ids:k8s-external-ip-cidrs/);
  await end();
  const option = begin({ 'k8s-external-ip-cidrs': 'none' }, [parseCidr('203.0.113.80/32')]);
  await until('the guard', () => when(option.source.guard(KNOWN) !== undefined));
  t.is(option.source.guard(KNOWN)?.refusal(parseIp('203.0.113.80')), undefined);
  await option.end();
});

test("a speaker's address on this host may be served, if external-ip-cidrs names it", async (t) => {
  const network = [parseCidr('203.0.113.64/26')];
  for (const [allowed, hasSpeaker, refusal] of [
    [undefined, true, 'it is an address of this host (eth0)'],
    [network, false, 'it is an address of this host (eth0)'],
    [network, true, undefined],
  ] as const) {
    const { source, end } = begin({}, allowed, hasSpeaker, () => [OWN]);
    const guard = await until('the guard', () => source.guard(KNOWN));
    t.is(guard.refusal(parseIp('203.0.113.80')), refusal);
    await end();
  }
});

test("the host's addresses are those of this machine's interfaces, unless others are given", async (t) => {
  // Loopback is refused whatever the host has.
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  if (own === undefined) {
    t.pass('this machine has no address');
    return;
  }
  for (const [host, refusal] of [
    [undefined, /an address of this host/],
    [() => [], /^none$/],
  ] as const) {
    const { source, end } = begin({}, undefined, false, host);
    const guard = await until('the guard', () => source.guard({ ...KNOWN, local: [] }));
    t.regex(guard.refusal(parseIp(own)) ?? 'none', refusal);
    await end();
  }
});
