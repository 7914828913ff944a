import test from 'ava';
import { UsageError } from '../../src/net/errors.js';
import { readCni, readGateway, readNode } from '../../src/overlay/command_line.js';

const GATEWAY = {
  nodeName: 'gw1',
  clusterIpSubnet: '10.244.0.0/16',
  physicalIp: '203.0.113.10/24',
  bridgeInterface: 'breth0',
  sysctlDir: '/etc/sysctl.d',
} as const;
const NIC = { ...GATEWAY, bridgeInterface: undefined, physicalInterface: 'eth1' } as const;

test('a gateway on a shared bridge has the default port range above the ephemeral ports', (t) => {
  t.like(readGateway(GATEWAY), {
    node: 'gw1',
    device: { kind: 'bridge', name: 'breth0' },
    defaultGateways: [],
    rampout: [],
    snatRange: { lo: 61_000, hi: 65_535 },
    ephemeral: undefined,
    force: false,
  });
});

test("--reserve-host-ports takes the dynamic ports, and narrows the host's", (t) => {
  t.like(readGateway({ ...GATEWAY, reserveHostPorts: true }), {
    snatRange: { lo: 49_152, hi: 65_535 },
    ephemeral: { lo: 32_768, hi: 49_151 },
  });
  t.like(readGateway({ ...GATEWAY, reserveHostPorts: true, snatPortRange: '50000-65535' }), {
    snatRange: { lo: 50_000, hi: 65_535 },
    ephemeral: { lo: 32_768, hi: 49_151 },
  });
});

test('--snat-port-range=none leaves host and pods one range, and reserves nothing', (t) => {
  const none = { ...GATEWAY, snatPortRange: 'none' };
  t.is(readGateway(none).snatRange, undefined);
  t.throws(() => readGateway({ ...none, reserveHostPorts: true }), {
    instanceOf: UsageError,
    message: /--reserve-host-ports: reserves nothing/,
  });
});

test('a dedicated NIC has no port range, and is refused one', (t) => {
  t.like(readGateway(NIC), {
    device: { kind: 'nic', name: 'eth1' },
    snatRange: undefined,
    ephemeral: undefined,
  });
  for (const [option, given] of [
    ['--snat-port-range', { ...NIC, snatPortRange: '61000-65535' }],
    ['--reserve-host-ports', { ...NIC, reserveHostPorts: true }],
  ] as const) {
    const error = t.throws(() => readGateway(given), { instanceOf: UsageError });
    t.true(error?.message.startsWith(`${option}: `), error?.message);
  }
});

test('a gateway is on one device: a bridge or a NIC', (t) => {
  const refusal = { instanceOf: UsageError, message: /give exactly one of --bridge-interface/ };
  t.throws(() => readGateway({ ...GATEWAY, physicalInterface: 'eth1' }), refusal);
  t.throws(() => readGateway({ ...GATEWAY, bridgeInterface: undefined }), refusal);
});

test('the other options of a gateway are read', (t) => {
  const { defaultGateways, rampout, force, sysctlDir } = readGateway({
    ...GATEWAY,
    defaultGw: '203.0.113.1',
    rampoutIpSubnets: '10.244.8.0/24,10.244.9.0/24',
    force: true,
  });
  t.deepEqual(defaultGateways.map(String), ['203.0.113.1']);
  t.is(rampout.length, 2);
  t.true(force);
  t.is(sysctlDir, '/etc/sysctl.d');
});

test('the options of a node name the option that is wrong', (t) => {
  const given = { nodeName: 'a', clusterIpSubnet: '10.244.0.0/16' };
  t.is(readNode(given, '--minion-switch-subnet', '10.244.1.0/24').subnets.length, 1);
  t.throws(() => readNode(given, '--minion-switch-subnet', '10.245.1.0/24'), {
    message: /^--minion-switch-subnet=10\.245\.1\.0\/24: /,
  });
  t.deepEqual(readCni({ cniConfDir: '/c', cniBinDir: '/b' }), { conf: '/c', bin: '/b' });
});

test('a bridge or NIC whose name the kernel refuses or a command misreads is a mistake of the command line', (t) => {
  const refusal = { instanceOf: UsageError, message: /is not a valid interface name/ };
  for (const name of ['-x', 'a#b', 'a"b', '\x1b[2J', '..', '1234567890123456']) {
    t.throws(() => readGateway({ ...GATEWAY, bridgeInterface: name }), refusal);
    t.throws(() => readGateway({ ...NIC, physicalInterface: name }), refusal);
  }
});
