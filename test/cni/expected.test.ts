import test from 'ava';
import { CniError, CODES } from '../../src/cni/errors.js';
import { disagreements, readPrevResult } from '../../src/cni/expected.js';

const EXPECTED = {
  mac: '0a:58:0a:f4:02:05',
  addresses: ['10.244.2.5/24', 'fd00::5/64'],
  gateways: ['10.244.2.1', 'fd00::1'],
};
const ACTUAL = { ...EXPECTED, addresses: [...EXPECTED.addresses, 'fe80::1/64'], isUp: true };

const DIFFERENCES: readonly (readonly [Partial<typeof ACTUAL>, string])[] = [
  [{ isUp: false }, 'it is down'],
  [{ mac: '02:00:00:00:00:99' }, 'its MAC is 02:00:00:00:00:99, not 0a:58:0a:f4:02:05'],
  [{ addresses: ['10.244.2.5/24'] }, 'address fd00::5/64 is missing'],
  [{ addresses: ['10.244.2.5/16', 'fd00::5/64'] }, 'address 10.244.2.5/24 is missing'],
  [{ gateways: ['fd00::1'] }, 'the default route via 10.244.2.1 is missing'],
];

test('an interface that has more than it must have is right', (t) => {
  t.deepEqual(disagreements(EXPECTED, ACTUAL), []);
});

for (const [change, difference] of DIFFERENCES) {
  test(`a difference is named: ${difference}`, (t) => {
    t.deepEqual(disagreements(EXPECTED, { ...ACTUAL, ...change }), [difference]);
  });
}

test('all differences are named at once', (t) => {
  const nothing = { mac: 'undefined', isUp: false, addresses: [], gateways: [] };
  t.is(disagreements(EXPECTED, nothing).length, 6);
});

const HERE = {
  containerId: 'x',
  ifName: 'eth0',
  netns: '/run/netns/x',
  namespace: 'default',
  pod: 'web',
  uid: undefined,
};
const RESULT = {
  interfaces: [
    { name: 'veth1', mac: '0e:00:00:00:00:01' },
    { name: 'eth0', mac: '0a:58:0a:f4:02:05', sandbox: '/run/netns/x' },
  ],
  ips: [
    { interface: 1, address: '10.244.2.5/24', gateway: '10.244.2.1' },
    { interface: 1, address: 'fd00::5/64' },
    { interface: 0, address: '192.0.2.1/24', gateway: '192.0.2.2' },
  ],
};

test("a result of ADD has the interface's own MAC, addresses and gateways", (t) => {
  t.deepEqual(readPrevResult(RESULT, HERE), {
    mac: '0a:58:0a:f4:02:05',
    addresses: ['10.244.2.5/24', 'fd00::5/64'],
    gateways: ['10.244.2.1'],
  });
});

test('members of a result that are not text are not converted', (t) => {
  const odd = { toString: 1 };
  const interfaces = [{ name: 'eth0', mac: odd, sandbox: '/run/netns/x' }];
  t.deepEqual(readPrevResult({ interfaces, ips: [{ interface: 0, address: odd, gateway: odd }] }, HERE), {
    mac: '',
    addresses: [''],
    gateways: [],
  });
});

for (const [what, value, where] of [
  ['is missing', undefined, HERE],
  ['is not an object', 'x', HERE],
  ['has no interfaces', {}, HERE],
  ['has interfaces that are not a list', { interfaces: 5 }, HERE],
  ['is of another interface', RESULT, { ...HERE, ifName: 'eth1' }],
  ['is of another namespace', RESULT, { ...HERE, netns: '/run/netns/y' }],
] as const) {
  test(`a result that ${what} is refused`, (t) => {
    const error = t.throws<CniError>(() => readPrevResult(value, where), {
      instanceOf: CniError,
      message: `prevResult does not have ${where.ifName} in ${where.netns}`,
    });
    t.is(error?.number, CODES.invalidConfiguration);
  });
}
