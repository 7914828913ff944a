import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { startOvsdbServer } from '../../../lab/ovsdb_server.js';
import { connectSouthbound, readSouthbound } from '../../../src/doctor/facts/southbound.js';

test('chassis are read with their tunnel addresses, and management ports with their chassis', async (t) => {
  const server = await startOvsdbServer({ schema: 'OVN_Southbound' });
  t.teardown(() => server.dispose());
  const sbctl = (...args: readonly string[]) => execa('ovn-sbctl', [`--db=${server.remote}`, ...args]);
  await sbctl('chassis-add', 'gw1', 'geneve,vxlan', '203.0.113.10');
  await sbctl(
    ...['--id=@dp', 'create', 'Datapath_Binding', 'tunnel_key=1', '--'],
    ...['create', 'Port_Binding', 'logical_port=k8s-gw1', 'datapath=@dp', 'tunnel_key=1', '--'],
    ...['create', 'Port_Binding', 'logical_port=k8s-gw2', 'datapath=@dp', 'tunnel_key=2', '--'],
    ...['create', 'Port_Binding', 'logical_port=default_web', 'datapath=@dp', 'tunnel_key=3'],
  );
  await sbctl('lsp-bind', 'k8s-gw1', 'gw1');
  const sb = await connectSouthbound(server.remote, { sysconf: '/nonexistent', name: undefined }, 5_000);
  t.teardown(() => sb.close());
  const { chassis, bindings } = readSouthbound(sb);
  t.deepEqual(
    chassis.map(({ name, encapIps }) => [name, [...new Set(encapIps)]]),
    [['gw1', ['203.0.113.10']]],
  );
  t.deepEqual(Object.fromEntries(bindings), { 'k8s-gw1': 'gw1', 'k8s-gw2': undefined });
});

test('an ssl: connection without a CA certificate is refused, naming the files', (t) => {
  const sysconf = mkdtempSync(join(tmpdir(), 'sysconf-'));
  t.teardown(() => rmSync(sysconf, { recursive: true }));
  t.throws(() => connectSouthbound('ssl:203.0.113.9:6642', { sysconf, name: undefined }, 1_000), {
    code: 'ERR_NO_TLS_FILES',
    message: /neither ovnsb-ca\.cert nor ovnnb-ca\.cert is in /,
  });
});
