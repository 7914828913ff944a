import test from 'ava';
import type { HostFacts, Intent } from '../../src/gateway/facts.js';
import { factsReader, readFacts } from '../../src/gateway/state.js';
import type { LocalAddress } from '../../src/host/addresses.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseMac } from '../../src/net/mac.js';
import { ofportOf } from '../../src/openflow/ofport.js';
import type { BridgeFacts, BridgePort } from '../../src/switch/bridge_facts.js';

const MAC = parseMac('0a:58:cb:00:71:0a');
const INTENT: Intent = { bridge: 'breth0', physicalInterface: 'eth0', demux: undefined };

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

function facts({
  ports = PORTS,
  ids = IDS,
  local = LOCAL,
}: {
  ports?: readonly BridgePort[];
  ids?: ReadonlyMap<string, string>;
  local?: readonly LocalAddress[];
} = {}): HostFacts {
  const bridge: BridgeFacts = { uuid: 'u', name: 'breth0', ports, externalIds: ids };
  return { bridge, localAddresses: local };
}

function without(key: string): ReadonlyMap<string, string> {
  return new Map([...IDS].filter(([name]) => name !== key));
}

test('a gateway that is whole has its state, and no problem', (t) => {
  const { state, problems } = readFacts(facts(), INTENT);
  t.deepEqual(problems, []);
  t.like(state, { mac: MAC, phys: 1, patch: 2, otherPorts: false });
  t.deepEqual(state?.addresses.map(String), ['203.0.113.10', '2001:db8::10']);
  t.deepEqual(state?.demux, { mode: 'port-range', range: { lo: 61_000, hi: 65_535 } });
});

test('without a bridge there is no state, and the remedy is named', (t) => {
  const { state, problems } = readFacts({ bridge: undefined, localAddresses: [] }, INTENT);
  t.is(state, undefined);
  t.deepEqual(problems, ['there is no bridge breth0; ovn-k8s-util nics-to-bridge makes it']);
});

test('a missing patch port or one without a number is a problem, and the rest of the state stands', (t) => {
  const gone = readFacts(facts({ ports: PORTS.slice(0, 2) }), INTENT);
  t.deepEqual(gone.problems, ['breth0 has no port k8s-patch-breth0-br-int']);
  t.like(gone.state, { phys: 1, patch: undefined });
  const numberless = readFacts(
    facts({ ports: [...PORTS.slice(0, 2), port('k8s-patch-breth0-br-int', undefined)] }),
    INTENT,
  );
  t.regex(numberless.problems[0] ?? '', /has no OpenFlow port number/);
});

test('any further port of the bridge is known to be there', (t) => {
  t.true(readFacts(facts({ ports: [...PORTS, port('vnet0', 9)] }), INTENT).state?.otherPorts);
});

test('the mode is the one asked for, as far as there is a range', (t) => {
  const mode = (demux: Intent['demux'], ids = IDS) => {
    const { state, problems } = readFacts(facts({ ids }), { ...INTENT, demux });
    return [state?.demux.mode, problems.length];
  };
  t.deepEqual(mode('conntrack'), ['conntrack', 0]);
  t.deepEqual(mode('port-range'), ['port-range', 0]);
  const none = new Map([...IDS, ['k8s-snat-port-range', 'none']]);
  t.deepEqual(mode(undefined, none), ['conntrack', 1]);
  t.deepEqual(mode('port-range', none), ['conntrack', 2]);
  t.deepEqual(mode(undefined, new Map([...IDS, ['k8s-snat-port-range', '9-1']])), ['conntrack', 1]);
});

test('the flows follow the host when it has another address than gateway-init wrote', (t) => {
  const { state, problems } = readFacts(
    facts({ local: [address('203.0.113.77/24'), LOCAL[1] ?? address('::1/128')] }),
    INTENT,
  );
  t.deepEqual(state?.addresses.map(String), ['203.0.113.77', '2001:db8::10']);
  t.deepEqual(problems, [
    'breth0 has 203.0.113.77 and not 203.0.113.10 (k8s-physical-ip): flows follow it, run gateway-init again',
  ]);
});

test('a host that has no address of a family yet keeps the one that gateway-init wrote', (t) => {
  t.deepEqual(readFacts(facts({ local: [] }), INTENT).state?.addresses.map(String), [
    '203.0.113.10',
    '2001:db8::10',
  ]);
});

test('without gateway-init the first address that is there to stay is taken', (t) => {
  const local = [address('2001:db8::99/64', true), address('2001:db8::5/64'), address('203.0.113.5/24')];
  const { state, problems } = readFacts(facts({ ids: without('k8s-physical-ip'), local }), INTENT);
  t.deepEqual(state?.addresses.map(String), ['203.0.113.5', '2001:db8::5']);
  t.regex(problems.join(), /k8s-physical-ip of breth0 is not set/);
});

test('a family that gateway-init left out is not shared', (t) => {
  const ids = new Map([...IDS, ['k8s-physical-ip', '203.0.113.10/24']]);
  t.deepEqual(readFacts(facts({ ids }), INTENT).state?.addresses.map(String), ['203.0.113.10']);
});

test('facts that are the very same are read as the very same, others anew', (t) => {
  const read = factsReader(INTENT);
  const [one, other] = [facts(), facts({ ports: PORTS.slice(0, 2) })];
  const reading = read(one);
  t.is(read({ ...one }), reading);
  t.deepEqual(read(other), readFacts(other, INTENT));
  t.deepEqual(read({ ...other, localAddresses: [] }), readFacts({ ...other, localAddresses: [] }, INTENT));
});
