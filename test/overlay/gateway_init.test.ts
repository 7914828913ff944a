import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { type GatewayOptions, gatewayInit } from '../../src/overlay/gateway_init.js';
import { insertBridge } from '../../src/switch/bridges.js';
import { rootOf } from '../../src/switch/connection.js';
import { addPort } from '../../src/switch/ports.js';
import { write as writeLocal } from '../switch/local_database.js';
import { bothDatabases, type TestDatabases } from './databases.js';
import { directory } from './two_gateways.js';

/** Returns the options of a gateway on the loopback interface, which every host has and no gateway can use. */
function optionsOf({ options }: TestDatabases, sysctlDir: string): GatewayOptions {
  return {
    ...options,
    node: 'a',
    clusterSubnets: [parseCidr('10.244.0.0/16')],
    physical: [parseCidr('203.0.113.10/24')],
    defaultGateways: [],
    rampout: [],
    device: { kind: 'nic', name: 'lo' },
    snatRange: undefined,
    ephemeral: undefined,
    sysctlDir,
    force: false,
  };
}

async function withSystemId(databases: TestDatabases): Promise<TestDatabases> {
  const { local } = databases;
  await writeLocal(local, (txn) =>
    txn.mutate('Open_vSwitch', rootOf(local), { external_ids: { set: { 'system-id': 'a' } } }),
  );
  return databases;
}

test('a host without system-id is refused', async (t) => {
  const databases = await bothDatabases(t);
  await t.throwsAsync(gatewayInit(optionsOf(databases, directory(t))), {
    code: 'ERR_NOT_CONFIGURED',
    message: /external_ids:system-id is not set/,
  });
});

test('a bridge that is missing, or that is the integration bridge, is refused', async (t) => {
  const databases = await withSystemId(await bothDatabases(t));
  const { local } = databases;
  const on = (name: string) =>
    gatewayInit({ ...optionsOf(databases, directory(t)), device: { kind: 'bridge', name } });
  await t.throwsAsync(on('breth0'), { code: 'ERR_NO_BRIDGE', message: /nics-to-bridge/ });
  await writeLocal(local, (txn) => insertBridge(local, txn, 'br-int', {}));
  await t.throwsAsync(on('br-int'), { code: 'ERR_CANNOT_USE', message: /OVN's own bridge/ });
});

test('a NIC that is missing, on another bridge, or the loopback interface is refused', async (t) => {
  const databases = await withSystemId(await bothDatabases(t));
  const { local } = databases;
  const on = (name: string) =>
    gatewayInit({ ...optionsOf(databases, directory(t)), device: { kind: 'nic', name } });
  await t.throwsAsync(on('absent0'), { code: 'ERR_NO_INTERFACE' });
  await t.throwsAsync(on('lo'), { code: 'ERR_CANNOT_USE', message: /is the loopback interface/ });
  await writeLocal(local, (txn) => addPort(txn, insertBridge(local, txn, 'br0', {}), 'lo'));
  await t.throwsAsync(on('lo'), { code: 'ERR_CANNOT_USE', message: /is on bridge br0/ });
  t.is(databases.nb.table('Logical_Router').size, 0);
});
