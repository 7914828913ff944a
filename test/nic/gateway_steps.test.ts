import test from 'ava';
import type { Snapshot } from '../../src/host/snapshot.js';
import type { Resolution } from '../../src/neighbour/resolve.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { addGatewayBaseline, addGatewayCheck, type GatewayProbes } from '../../src/nic/gateway_steps.js';
import { Plan } from '../../src/nic/plan.js';

const NEVER = new AbortController().signal;
const [ONE, TWO] = [parseMac('02:00:00:00:00:01'), parseMac('02:00:00:00:00:02')];
const SNAPSHOT: Snapshot = {
  device: 'eth0',
  link: { ifindex: 2, ifname: 'eth0', address: '0a:58:cb:00:71:0a', mtu: 1500, flags: ['UP'] },
  addresses: [{ family: 'inet', local: '203.0.113.10', prefixlen: 24 }],
  routes: [
    { family: 4, dst: 'default', gateway: '203.0.113.1', dev: 'eth0' },
    { family: 4, dst: 'default', gateway: '203.0.113.2', dev: 'eth0', table: '77' },
  ],
  rules: [],
  neighbours: [],
};

type Macs = readonly (typeof ONE)[];

/** Answers for the gateways, by device: the MACs of .1 and of .2. An echo takes 2.5 ms. */
function answering(answers: Readonly<Record<string, readonly [Macs, Macs]>>): GatewayProbes {
  return {
    resolveAll: async (device, gateways) =>
      gateways.map(({ address }): Resolution => {
        const macs = answers[device]?.[String(address).endsWith('.1') ? 0 : 1] ?? [];
        return { address, asked: 1, answers: macs.map((mac) => ({ mac, rttMs: 0.25 })), macs };
      }),
    echo: async () => 2.5,
  };
}

/** The plan of a move: the gateways are asked on eth0, then on breth0. */
function planned(probes: GatewayProbes, { canEcho = true, snapshot = SNAPSHOT } = {}): Plan {
  const plan = new Plan();
  const baseline = addGatewayBaseline(plan, snapshot, 'eth0', probes);
  addGatewayCheck(plan, baseline, 'breth0', { timeoutMs: 5_000, canEcho }, probes);
  return plan;
}

test('the steps name the gateways and the device', (t) => {
  t.is(
    String(planned(answering({}))),
    '1. ask 203.0.113.1, 203.0.113.2 for an answer on eth0\n2. check that 203.0.113.1, 203.0.113.2 answers on breth0\n',
  );
});

test('a NIC without a default route has no such steps', (t) => {
  t.is(String(planned(answering({}), { snapshot: { ...SNAPSHOT, routes: [] } })), '');
});

test('gateways that answer before and after are noted with their times', async (t) => {
  const plan = planned(answering({ eth0: [[ONE], [TWO]], breth0: [[ONE], [TWO]] }));
  await plan.run(NEVER);
  t.deepEqual(plan.remarks, [
    '203.0.113.1 answers on breth0 after 0.3 ms, an echo after 2.5 ms',
    '203.0.113.2 answers on breth0 after 0.3 ms, an echo after 2.5 ms',
  ]);
});

test('no echo is sent where its reply cannot be received', async (t) => {
  const plan = planned(answering({ eth0: [[ONE], []], breth0: [[ONE], []] }), { canEcho: false });
  await plan.run(NEVER);
  t.is(plan.remarks.at(-1), '203.0.113.1 answers on breth0 after 0.3 ms');
});

test('a gateway that is silent before the move is a note, and is not asked after it', async (t) => {
  const plan = planned(answering({ eth0: [[ONE], []], breth0: [[ONE], []] }));
  await plan.run(NEVER);
  t.is(plan.remarks[0], 'default gateway 203.0.113.2 did not answer on eth0 before the move');
  t.is(plan.remarks.length, 2);
});

test('a gateway that is silent only after the move fails the plan', async (t) => {
  const plan = planned(answering({ eth0: [[ONE], [TWO]], breth0: [[ONE], []] }));
  await t.throwsAsync(plan.run(NEVER), {
    code: 'ERR_STEP_FAILED',
    message: /default gateway 203\.0\.113\.2 answered before the move and does not on breth0, in 5000 ms$/,
  });
});

test('two hosts that answer for a gateway, and one at another MAC after the move, are notes', async (t) => {
  const plan = planned(answering({ eth0: [[ONE, TWO], [ONE]], breth0: [[TWO], [TWO]] }));
  await plan.run(NEVER);
  t.deepEqual(
    plan.remarks.filter((note) => !note.includes(' answers on ')),
    [
      `${ONE} and ${TWO} both answer for 203.0.113.1 on eth0`,
      `203.0.113.2 was at ${ONE} and is at ${TWO} now`,
    ],
  );
});

test('a gateway that cannot be asked before the move is noted, and the move continues', async (t) => {
  const probes = {
    ...answering({}),
    resolveAll: async () => {
      throw new Error('eth0: needs CAP_NET_RAW');
    },
  };
  const plan = planned(probes);
  await plan.run(NEVER);
  t.deepEqual(plan.remarks, [
    'default gateway 203.0.113.1, 203.0.113.2 could not be asked before the move: eth0: needs CAP_NET_RAW',
  ]);
});

test('each gateway is asked from an address of its network', async (t) => {
  const sources: (string | undefined)[] = [];
  const probes = answering({});
  const recording: GatewayProbes = {
    ...probes,
    resolveAll: (device, gateways, options) => {
      sources.push(...gateways.map(({ source }) => source));
      return probes.resolveAll(device, gateways, options);
    },
  };
  await planned(recording).run(NEVER);
  t.deepEqual(sources, [parseIp('203.0.113.10'), parseIp('203.0.113.10')]);
});
