import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import type { BridgeState, GatewayState } from '../../src/demux/state.js';
import type { Announcer } from '../../src/gateway/apply_announcements.js';
import type { AddressProber } from '../../src/gateway/apply_probes.js';
import type { ServedRow } from '../../src/gateway/apply_served_row.js';
import type { SolicitedGroups } from '../../src/gateway/apply_solicited_groups.js';
import type { BridgeKeeper } from '../../src/gateway/bridge_keeper.js';
import type { Intent } from '../../src/gateway/options.js';
import type { Sources } from '../../src/gateway/sources.js';
import {
  type Exposure,
  exposureOf,
  type KnownExposure,
  NOTHING_EXPOSED,
} from '../../src/gateway/state_exposure.js';
import { HostPortBook } from '../../src/gateway/state_host_ports.js';
import { JudgedExposure } from '../../src/gateway/state_judged_exposure.js';
import { ServiceBook } from '../../src/gateway/state_services.js';
import { gatewayWork } from '../../src/gateway/step.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import type { KnownClaims } from '../../src/kube/guard_source.js';
import type { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import { type Claim, claimOf } from '../../src/net/claims.js';
import { type IpAddress, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { ofportOf } from '../../src/openflow/ofport.js';
import type { BridgeFacts, BridgePort } from '../../src/switch/bridge_facts.js';
import type { LocalDatabase } from '../../src/switch/connection.js';
import { TestClock } from '../neighbour/wire_of_two.js';

const PATCH = 'k8s-patch-breth0-br-int';
const INTENT: Intent = {
  ...{ bridge: 'breth0', physicalInterface: 'eth0', demux: undefined },
  externalAddressOwner: 'first',
};
const EXPOSED = exposureOf([{ protocol: 'tcp', port: 30_080 }], [parseIp('203.0.113.80')]);
const ROUTERS = [parseIp('203.0.113.1')];

function port(name: string, number: number): BridgePort {
  const mac = name === 'breth0' ? parseMac('0a:58:cb:00:71:0a') : undefined;
  return { uuid: name, name, type: '', ofport: ofportOf(number), mac };
}

const BRIDGE: BridgeFacts = {
  uuid: 'u',
  name: 'breth0',
  ports: [port('breth0', 65_534), port('eth0', 1), port(PATCH, 2)],
  externalIds: new Map([
    ['k8s-physical-ip', '203.0.113.10/24'],
    ['k8s-snat-port-range', '61000-65535'],
  ]),
};

interface World {
  facts: BridgeFacts | undefined;
  exposed: Exposure | undefined;
  /** What is in place before the first step. */
  inPlace: Exposure | undefined;
  /** The claims of nodes, `undefined` before the first list. */
  nodes: readonly Claim[] | undefined;
  due: IpAddress[];
  isFirstGateway: boolean | undefined;
  /** Whether the keeper gets the flows in place. */
  isKept: boolean | Error;
  socket: NeighbourSocket | undefined;
}

/** The work with sources, keeper and announcer that record in `order` what the step does. */
function begin(given: Partial<World> = {}, intent = INTENT) {
  const world: World = {
    ...{ facts: BRIDGE, exposed: EXPOSED, inPlace: EXPOSED, isFirstGateway: true, isKept: true },
    ...{ nodes: [], due: [] },
    socket: {} as NeighbourSocket,
    ...given,
  };
  const order: string[] = [];
  const written: string[] = [];
  const kept: [BridgeState | undefined, KnownExposure][] = [];
  const sources = {
    ovs: { report: () => order.push('report the switch') },
    bridge: {
      get facts() {
        return world.facts;
      },
    },
    addresses: { value: [] },
    services: {
      isConfigured: true,
      book: new ServiceBook(),
      hostPorts: new HostPortBook(),
      take: () => world.exposed,
      get nodeClaims() {
        return world.nodes;
      },
    },
    guard: {
      guard: ({ nodes }: KnownClaims) => nodes && new AddressGuard({ claims: nodes, allowed: undefined }),
    },
    hostPorts: { portsFor: () => undefined, look: () => order.push('look at ports') },
    northbound: {
      isFirstGateway: () => world.isFirstGateway,
      check: () => order.push('check rows'),
      claims: [],
      gatewayMacs: [],
      gatewayAddresses: [],
    },
    routers: { value: ROUTERS },
    neighbours: {
      get socket() {
        return world.socket;
      },
      follow: (_state: GatewayState, routers: unknown) => order.push(`ask for ${routers}`),
      report: () => order.push('report the neighbours'),
    },
  } as unknown as Sources;
  const keeper = {
    keep: async (bridgeState: BridgeState | undefined, known: KnownExposure) => {
      order.push('keep');
      kept.push([bridgeState, known]);
      if (world.isKept instanceof Error) throw world.isKept;
      return world.isKept && bridgeState !== undefined ? { ...bridgeState, ...EXPOSED } : undefined;
    },
    get exposed() {
      return world.inPlace;
    },
    audit: () => order.push('audit the flows'),
  } as unknown as BridgeKeeper;
  const announcer = { announce: () => order.push('announce') } as unknown as Announcer;
  const problems = new Problems(SILENT);
  const db = {} as LocalDatabase;
  const prober = {
    ask: (_socket: unknown, due: readonly IpAddress[]) => {
      world.due = [...due];
    },
    lookAgain: () => order.push('look again'),
  } as unknown as AddressProber;
  const judged = new JudgedExposure(problems);
  const servedRow = {
    write: (_nb: unknown, _node: unknown, served: Iterable<IpAddress>) => written.push([...served].join()),
  } as unknown as ServedRow;
  const solicitedGroups = { follow: () => order.push('join groups') } as unknown as SolicitedGroups;
  const parts = { sources, keeper, judged, prober, announcer, servedRow, solicitedGroups };
  const work = gatewayWork({ intent, db, ...parts, problems, clock: new TestClock() });
  return { world, work, order, kept, written, problems, judged };
}

test('neighbours are asked and announcements sent only after the flows are in place', async (t) => {
  const { work, order } = begin();
  await work.step();
  t.deepEqual(order, ['check rows', 'keep', 'ask for 203.0.113.1', 'join groups', 'announce']);
});

test('while the flows are not in place nothing is sent to neighbours', async (t) => {
  const away = begin({ isKept: false });
  await away.work.step();
  t.deepEqual(away.order, ['check rows', 'keep']);
  const failed = begin({ isKept: new Error('refused') });
  await t.throwsAsync(failed.work.step(), { message: 'refused' });
  t.deepEqual(failed.order, ['check rows', 'keep']);
});

test('without an open socket nothing is announced', async (t) => {
  const { work, order } = begin({ socket: undefined });
  await work.step();
  t.false(order.includes('announce'));
});

test('the same facts make the same state of the bridge, and new facts another', async (t) => {
  const { world, work, kept } = begin();
  await work.step();
  await work.step();
  t.is(kept[1]?.[0], kept[0]?.[0]);
  world.facts = { ...BRIDGE, ports: BRIDGE.ports.slice(0, 2) };
  await work.step();
  t.is(kept[0]?.[0]?.patch, ofportOf(2));
  t.is(kept[2]?.[0]?.patch, undefined);
});

test('a problem of the bridge is written, and ends with its cause', async (t) => {
  const { world, work, problems } = begin({ facts: undefined });
  await work.step();
  t.deepEqual(problems.current, ['there is no bridge breth0; ovn-k8s-util nics-to-bridge makes it']);
  world.facts = BRIDGE;
  await work.step();
  t.deepEqual(problems.current, []);
});

test('external addresses are kept only on the first gateway', async (t) => {
  const { world, work, kept } = begin();
  await work.step();
  world.isFirstGateway = false;
  await work.step();
  t.deepEqual(
    kept.map(([, { served }]) => served?.size),
    [1, 0],
  );
});

test('where a speaker answers, any gateway serves external addresses, and asks nobody', async (t) => {
  const speaker: Intent = { ...INTENT, externalAddressOwner: 'speaker' };
  for (const isFirstGateway of [true, false, undefined]) {
    const { world, work, kept, written } = begin({ isFirstGateway, inPlace: NOTHING_EXPOSED }, speaker);
    await work.step();
    t.deepEqual([...(kept[0]?.[1].served ?? [])], [...EXPOSED.served]);
    t.deepEqual(world.due, []);
    t.deepEqual(written, ['203.0.113.80']);
  }
});

test('a new external address is asked for before it is served; one in the flows is not', async (t) => {
  const { world, work, kept, judged } = begin({ inPlace: NOTHING_EXPOSED });
  await work.step();
  t.is(kept[0]?.[1].served?.size, 0);
  t.deepEqual(world.due, [...EXPOSED.served]);
  judged.admission.answered(world.due, [], 0);
  await work.step();
  t.deepEqual(kept[1]?.[1].served, EXPOSED.served);
  t.deepEqual(world.due, []);
});

test('external addresses stay as they are until nodes are known', async (t) => {
  const { world, work, kept } = begin({ nodes: undefined });
  await work.step();
  t.is(kept[0]?.[1].served, undefined);
  t.deepEqual(kept[0]?.[1].nodePorts, EXPOSED.nodePorts);
  world.nodes = [claimOf(parseIp('203.0.113.80'), 'an address of node m')];
  await work.step();
  t.is(kept[1]?.[1].served?.size, 0);
});

test('an audit checks the flows, the switch and the neighbours', (t) => {
  const { work, order } = begin();
  work.audit();
  t.deepEqual(order, ['audit the flows', 'look at ports', 'report the switch', 'report the neighbours']);
});

test('OVN is told which addresses are served, once that is known', async (t) => {
  const { world, work, written } = begin({ nodes: undefined });
  await work.step();
  t.deepEqual(written, []);
  world.nodes = [];
  await work.step();
  world.isFirstGateway = false;
  await work.step();
  t.deepEqual(written, ['203.0.113.80', '']);
});
