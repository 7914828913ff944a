import test from 'ava';
import { nodePortFlows } from '../../src/demux/table.js';
import { InstalledFlows } from '../../src/gateway/apply_flows.js';
import type { FlowChannel } from '../../src/openflow/channel.js';
import { type CookieRange, OUR_COOKIES, partOfCookie } from '../../src/openflow/cookie.js';
import type { Flow, InstalledFlow } from '../../src/openflow/flow.js';
import { byKey } from '../../src/openflow/reconcile.js';
import { GATEWAY, IP4 } from '../demux/sample.js';

/** Parts of at most 2,000, by a power of two. */
const COUNT = 5_000;
const PARTS = 4;
const flowOf = nodePortFlows({ ...GATEWAY, addresses: [IP4] });
const flowsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => flowOf({ protocol: 'tcp', port: 1 + i })).flat();

/** A switch in memory. It records how many flows each read returned. */
class Switch {
  readonly answers: number[] = [];
  readonly flows: Map<string, InstalledFlow>;
  /** Promises that hold up the next read, and the end of the next bundle. */
  readGate: Promise<void> | undefined;
  gate: Promise<void> | undefined;

  constructor(flows: readonly Flow[]) {
    this.flows = new Map(flows.map((one) => [one.key, installed(one)]));
  }

  readonly channel = {
    eachFlow: async (visit: (flow: InstalledFlow) => void, range = OUR_COOKIES) => {
      await this.readGate;
      const found = [...this.flows.values()].filter(({ cookie }) => isInRange(cookie, range));
      this.answers.push(found.length);
      for (const one of found) visit(one);
    },
    apply: async ({ add, remove }: Parameters<FlowChannel['apply']>[0]) => {
      for (const { key } of remove) this.flows.delete(key);
      for (const one of add) this.flows.set(one.key, installed(one));
      await this.gate;
    },
  } as FlowChannel;
}

function isInRange(cookie: bigint, { cookie: wanted, mask }: CookieRange): boolean {
  return (cookie & mask) === wanted;
}

function installed({ cookie, key, text }: Flow): InstalledFlow {
  return { cookie, key, text, packets: 0n, bytes: 0n };
}

async function start() {
  const ovs = new Switch(flowsOf(COUNT));
  const flows = new InstalledFlows(ovs.channel);
  await flows.read();
  ovs.answers.length = 0;
  return { ovs, flows };
}

test('many flows are confirmed in parts, each flow once a round', async (t) => {
  const { ovs, flows } = await start();
  for (let part = 0; part < PARTS; part++) await flows.confirm();
  t.is(
    ovs.answers.reduce((sum, one) => sum + one, 0),
    COUNT,
  );
  t.true(ovs.answers.every((one) => one > 0 && one < 2_000));
  t.true(flows.isKnown);
});

const faults: Readonly<Record<string, (ovs: Switch, victim: InstalledFlow) => void>> = {
  'is gone': (ovs, { key }) => ovs.flows.delete(key),
  'does something else': (ovs, victim) =>
    ovs.flows.set(victim.key, { ...victim, text: `${victim.key} actions=drop` }),
  'has another cookie': (ovs, victim) => ovs.flows.set(victim.key, { ...victim, cookie: victim.cookie ^ 1n }),
  'is one too many': (ovs) => {
    for (const one of flowOf({ protocol: 'udp', port: 1 })) ovs.flows.set(one.key, installed(one));
  },
};
for (const [what, make] of Object.entries(faults)) {
  test(`a flow that ${what} is in doubt within a round`, async (t) => {
    const { ovs, flows } = await start();
    const [victim] = [...ovs.flows.values()].slice(COUNT / 2);
    if (victim === undefined) return t.fail('there is no flow');
    make(ovs, victim);
    for (let part = 0; part < PARTS && flows.isKnown; part++) await flows.confirm();
    t.false(flows.isKnown);
    t.is((await flows.read()).size, ovs.flows.size);
  });
}

/** Confirms the next part while a bundle is on its way; the bundle ends after the part was read. */
async function confirmBeside(ovs: Switch, flows: InstalledFlows) {
  const before = await flows.read();
  const after = byKey(flowsOf(COUNT + 100));
  let [look, open] = [() => {}, () => {}];
  ovs.readGate = new Promise((resolve) => {
    look = resolve;
  });
  ovs.gate = new Promise((resolve) => {
    open = resolve;
  });
  const reading = flows.confirm();
  const sent = flows.become(after, before);
  look();
  await reading;
  return { sent, after, open };
}

test('a change by our own bundle while a part is read causes no doubt', async (t) => {
  const { ovs, flows } = await start();
  const { sent, after, open } = await confirmBeside(ovs, flows);
  for (let part = 0; part < PARTS; part++) await flows.confirm();
  open();
  await sent;
  for (let part = 0; part < PARTS; part++) await flows.confirm();
  t.true(flows.isKnown);
  t.is(await flows.read(), after);
});

test('a part that was read beside a bundle is read again next', async (t) => {
  const { ovs, flows } = await start();
  const { sent, open } = await confirmBeside(ovs, flows);
  open();
  await sent;
  const victim = [...ovs.flows.values()].find(({ cookie }) => partOfCookie(cookie, PARTS) === 0);
  ovs.flows.delete(victim?.key ?? '');
  await flows.confirm();
  t.false(flows.isKnown);
});
