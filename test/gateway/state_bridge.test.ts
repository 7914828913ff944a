import test from 'ava';
import fc from 'fast-check';
import type { Intent } from '../../src/gateway/options.js';
import { readBridgeState } from '../../src/gateway/state_bridge.js';
import type { LocalAddress } from '../../src/host/addresses.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseMac } from '../../src/net/mac.js';
import { ofportOf } from '../../src/openflow/ofport.js';
import type { BridgeFacts, BridgePort } from '../../src/switch/bridge_facts.js';

const MAC = parseMac('0a:58:cb:00:71:0a');
const INTENT: Intent = {
  ...{ bridge: 'breth0', physicalInterface: 'eth0', demux: undefined },
  externalAddressOwner: 'first',
};

function port(name: string, number: number | undefined, type = ''): BridgePort {
  const ofport = number === undefined ? undefined : ofportOf(number);
  return { uuid: name, name, type, ofport, mac: name === 'breth0' ? MAC : undefined };
}

function address(text: string, secondary = false): LocalAddress {
  return { ...parseCidr(text), secondary };
}

const IDS = new Map([
  ['k8s-physical-ip', '203.0.113.10/24,2001:db8::10/64'],
  ['k8s-snat-port-range', '61000-65535'],
  ['k8s-node-name', 'gw'],
]);
const PORTS = [
  port('breth0', 65534, 'internal'),
  port('eth0', 1),
  port('k8s-patch-breth0-br-int', 2, 'patch'),
];
const LOCAL = [address('203.0.113.10/24'), address('2001:db8::10/64'), address('fe80::1/64')];

/** Reads the state of a complete gateway with the given changes. */
function read({
  ports = PORTS,
  ids = IDS,
  local = LOCAL,
  demux = undefined,
  externalAddressOwner = 'first',
}: {
  readonly ports?: readonly BridgePort[];
  readonly ids?: ReadonlyMap<string, string>;
  readonly local?: readonly LocalAddress[];
  readonly demux?: Intent['demux'];
  readonly externalAddressOwner?: Intent['externalAddressOwner'];
} = {}) {
  const bridge: BridgeFacts = { uuid: 'u', name: 'breth0', ports, externalIds: ids };
  return readBridgeState(bridge, local, { ...INTENT, demux, externalAddressOwner });
}

function without(key: string): ReadonlyMap<string, string> {
  return new Map([...IDS].filter(([name]) => name !== key));
}

test('a complete gateway has a state and no problem', (t) => {
  const { bridgeState, problems } = read();
  t.deepEqual(problems, []);
  t.like(bridgeState, { mac: MAC, phys: 1, patch: 2, otherPorts: false });
  t.deepEqual(bridgeState?.addresses.map(String), ['203.0.113.10', '2001:db8::10']);
  t.deepEqual(bridgeState?.demux, { mode: 'port-range', range: { lo: 61_000, hi: 65_535 } });
});

test('without a bridge there is no state, and the remedy is named', (t) => {
  const { bridgeState, problems } = readBridgeState(undefined, [], INTENT);
  t.is(bridgeState, undefined);
  t.deepEqual(problems, ['there is no bridge breth0; ovn-k8s-util nics-to-bridge makes it']);
});

test('a patch port that is missing or has no number is a problem, and the rest of the state stands', (t) => {
  const gone = read({ ports: PORTS.slice(0, 2) });
  t.deepEqual(gone.problems, ['breth0 has no port k8s-patch-breth0-br-int']);
  t.like(gone.bridgeState, { phys: 1, patch: undefined });
  const numberless = read({ ports: [...PORTS.slice(0, 2), port('k8s-patch-breth0-br-int', undefined)] });
  t.regex(numberless.problems[0] ?? '', /has no OpenFlow port number/);
});

test('any further port of the bridge counts as another port', (t) => {
  t.true(read({ ports: [...PORTS, port('vnet0', 9)] }).bridgeState?.otherPorts);
});

test('the mode is the one of --demux, but without a range it is conntrack', (t) => {
  const mode = (demux: Intent['demux'], ids = IDS) => {
    const { bridgeState, problems } = read({ ids, demux });
    return [bridgeState?.demux.mode, problems.length];
  };
  t.deepEqual(mode('conntrack'), ['conntrack', 0]);
  t.deepEqual(mode('port-range'), ['port-range', 0]);
  const none = new Map([...IDS, ['k8s-snat-port-range', 'none']]);
  t.deepEqual(mode(undefined, none), ['conntrack', 1]);
  t.deepEqual(mode('port-range', none), ['conntrack', 2]);
  t.deepEqual(mode(undefined, new Map([...IDS, ['k8s-snat-port-range', '9-1']])), ['conntrack', 1]);
});

test('the state follows the host if it has another address than gateway-init wrote', (t) => {
  const { bridgeState, problems } = read({ local: [address('203.0.113.77/24'), address('2001:db8::10/64')] });
  t.deepEqual(bridgeState?.addresses.map(String), ['203.0.113.77', '2001:db8::10']);
  t.deepEqual(problems, [
    'breth0 has 203.0.113.77 and not 203.0.113.10 (k8s-physical-ip): flows follow it, run gateway-init again',
  ]);
});

test('a host that has no address of a family yet keeps the address that gateway-init wrote', (t) => {
  t.deepEqual(read({ local: [] }).bridgeState?.addresses.map(String), ['203.0.113.10', '2001:db8::10']);
});

test('without gateway-init the first permanent address of each family is taken', (t) => {
  const local = [address('2001:db8::99/64', true), address('2001:db8::5/64'), address('203.0.113.5/24')];
  const { bridgeState, problems } = read({ ids: without('k8s-physical-ip'), local });
  t.deepEqual(bridgeState?.addresses.map(String), ['203.0.113.5', '2001:db8::5']);
  t.regex(problems.join(), /k8s-physical-ip of breth0 is not set/);
});

test('a family that gateway-init left out is not shared', (t) => {
  const ids = new Map([...IDS, ['k8s-physical-ip', '203.0.113.10/24']]);
  t.deepEqual(read({ ids }).bridgeState?.addresses.map(String), ['203.0.113.10']);
});

test('a bridge whose LOCAL port has no MAC yet has no state', (t) => {
  const local = { ...port('breth0', 65534, 'internal'), mac: undefined };
  const { bridgeState, problems } = read({ ports: [local, ...PORTS.slice(1)] });
  t.is(bridgeState, undefined);
  t.deepEqual(problems, ['breth0 has no MAC yet; ovs-vswitchd has not made its LOCAL port']);
});

test('an address that cannot be parsed is a problem, and the others count', (t) => {
  const ids = new Map([...IDS, ['k8s-physical-ip', '203.0.113.999/24,2001:db8::10/64']]);
  const { bridgeState, problems } = read({ ids });
  t.deepEqual(bridgeState?.addresses.map(String), ['2001:db8::10']);
  t.is(problems.length, 1);
  t.regex(problems[0] ?? '', /k8s-physical-ip of breth0 cannot be used: .*203\.0\.113\.999/);
});

test('whatever external_ids a bridge has, its state is read, with a few problems', (t) => {
  const text = fc.oneof(
    fc.constantFrom(
      '',
      'none',
      '203.0.113.10/24',
      '61000-65535',
      '0-0',
      '65535-61000',
      ',,,',
      '::1/',
      'x'.repeat(100_000),
    ),
    fc.constantFrom(','.repeat(100_000), '\x1b[2J', '1e9-2e9', '-1-5', '203.0.113.10/24,'.repeat(1_000)),
    fc.string({ unit: 'binary' }),
  );
  const keys = fc.constantFrom(...IDS.keys(), 'bridge-id', '__proto__');
  const demux = fc.constantFrom(undefined, 'conntrack' as const, 'port-range' as const);
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, text)), demux, (entries, mode) => {
      const { bridgeState, problems } = read({ ids: new Map(entries), demux: mode });
      t.is(bridgeState?.bridge, 'breth0');
      t.true((bridgeState?.addresses.length ?? 0) <= 2);
      t.true(problems.length < 20, `${problems.length} problems`);
    }),
  );
});

test('whether this gateway answers for served addresses is what the operator says', (t) => {
  for (const [externalAddressOwner, answers] of [
    ['first', true],
    ['speaker', false],
  ] as const) {
    const { bridgeState } = read({ externalAddressOwner });
    t.is(bridgeState?.answersServed, answers);
  }
});
