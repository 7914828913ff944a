import test from 'ava';
import { type OvsdbServer, startOvsdbServer } from '../../../lab/ovsdb_server.js';
import { findMisfits } from '../../../src/gateway/report/northbound_rows.js';
import { KEYS } from '../../../src/ovn/keys.js';
import { type Client, connect } from '../../../src/ovsdb/client.js';
import type { Uuid } from '../../../src/ovsdb/columns.js';
import { ovnNorthbound } from '../../../src/ovsdb/tables/ovn_northbound.js';
import { GATEWAY, MAC } from '../../demux/sample.js';

let server: OvsdbServer;
let nb: Client<typeof ovnNorthbound>;
test.before(async () => {
  server = await startOvsdbServer({ schema: 'OVN_Northbound' });
  nb = await connect(ovnNorthbound, { remotes: server.remote });
});
test.after.always(async () => {
  nb?.close();
  await server?.dispose();
});

/** Replaces the gateway's rows, and waits until this client has the new ones. */
async function gateway({
  mac = String(MAC),
  networks = ['203.0.113.10/24', '2001:db8::10/64'],
  translatesTo = ['203.0.113.10', '2001:db8::10'],
  range = '61000-65535',
  anywhere = ['0.0.0.0/0'],
} = {}): Promise<void> {
  const txn = nb.transaction('a gateway');
  for (const { _uuid } of nb.table('Logical_Router').values()) txn.delete('Logical_Router', _uuid);
  const nat = translatesTo.map((external_ip) =>
    txn.insert('NAT', { type: 'snat', external_ip, logical_ip: '10.244.0.0/16', external_port_range: range }),
  );
  for (const logical_ip of anywhere)
    nat.push(txn.insert('NAT', { type: 'snat', external_ip: '100.64.1.2', logical_ip }));
  // Written by ovn-k8s-node of another node.
  nat.push(
    txn.insert('NAT', {
      type: 'snat',
      external_ip: '100.64.1.2',
      logical_ip: '203.0.113.12',
      external_ids: new Map([[KEYS.host, 'n1']]),
    }),
  );
  const port = txn.insert('Logical_Router_Port', { name: 'rtoe-GR_gw', mac, networks });
  const router = txn.insert('Logical_Router', { name: 'GR_gw', ports: [port], nat });
  const uuid: Uuid | undefined = (await txn.commit()).get(router);
  await nb.until(() => (uuid === undefined ? undefined : nb.table('Logical_Router').get(uuid)), {
    what: 'the rows to be here',
  });
}

test.serial('a missing gateway router is a problem', (t) => {
  t.deepEqual(findMisfits(nb, 'gw', GATEWAY), ['OVN has no gateway router GR_gw; run gateway-init']);
});

test.serial('rows that fit the host are not reported', async (t) => {
  await gateway();
  t.deepEqual(findMisfits(nb, 'gw', GATEWAY), []);
});

test.serial('each row that does not fit is named with the remedy', async (t) => {
  const cases: readonly (readonly [Parameters<typeof gateway>[0], RegExp])[] = [
    [{ mac: '02:00:00:00:00:99' }, /rtoe-GR_gw has MAC 02:00:00:00:00:99, breth0 0a:58:cb:00:71:0a; .*again/],
    [{ networks: ['203.0.113.9/24', '2001:db8::10/64'] }, /rtoe-GR_gw has .*, not 203\.0\.113\.10; /],
    [{ networks: ['no address'] }, /rtoe-GR_gw has no address, not 203\.0\.113\.10,2001:db8::10; /],
    [{ translatesTo: ['203.0.113.9'] }, /GR_gw translates to 203\.0\.113\.9; /],
    [{ range: '' }, /GR_gw translates to ports "", the rules expect 61000-65535; /],
    [{ anywhere: [] }, /GR_gw does not translate clients of services; .*again/],
  ];
  for (const [rows, line] of cases) {
    await gateway(rows);
    const found = findMisfits(nb, 'gw', GATEWAY);
    t.is(found.length, 1, found.join('\n'));
    t.regex(found[0] ?? '', line);
  }
});
