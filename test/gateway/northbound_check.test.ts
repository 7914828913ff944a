import test from 'ava';
import { misfits } from '../../src/gateway/northbound_check.js';
import type { Client } from '../../src/ovsdb/client.js';
import type { ovnNorthbound } from '../../src/ovsdb/tables/ovn_northbound.js';
import { GATEWAY, MAC } from '../demux/sample.js';

type View = Parameters<typeof misfits>[0];
type Row = Readonly<Record<string, unknown>>;

/** A northbound database of plain rows. */
function database(tables: Readonly<Record<string, readonly Row[]>>): View {
  const rows = (name: string) => tables[name] ?? [];
  const view: Pick<Client<typeof ovnNorthbound>, 'table' | 'find' | 'filter'> = {
    table: ((name: string) => new Map(rows(name).map((row) => [row._uuid, row]))) as View['table'],
    find: ((name: string, wanted: (row: Row) => boolean) => rows(name).find(wanted)) as View['find'],
    filter: ((name: string, wanted: (row: Row) => boolean) => rows(name).filter(wanted)) as View['filter'],
  };
  return view;
}

function gateway({
  mac = String(MAC),
  networks = ['203.0.113.10/24', '2001:db8::10/64'],
  translatesTo = ['203.0.113.10', '2001:db8::10'],
  range = '61000-65535',
} = {}): View {
  const nat = translatesTo.map((external_ip, i) => ({
    _uuid: `n${i}`,
    type: 'snat',
    external_ip,
    external_port_range: range,
  }));
  return database({
    Logical_Router: [{ _uuid: 'r', name: 'GR_gw', nat: nat.map(({ _uuid }) => _uuid) }],
    Logical_Router_Port: [{ _uuid: 'p', name: 'rtoe-GR_gw', mac, networks }],
    NAT: nat,
  });
}

test('rows that fit the host are no problem', (t) => {
  t.deepEqual(misfits(gateway(), 'gw', GATEWAY), []);
});

test('each row that no longer fits is named, with the remedy', (t) => {
  const cases: readonly (readonly [View, RegExp])[] = [
    [database({}), /^OVN has no gateway router GR_gw; run gateway-init$/],
    [
      gateway({ mac: '02:00:00:00:00:99' }),
      /rtoe-GR_gw has MAC 02:00:00:00:00:99, breth0 0a:58:cb:00:71:0a; .*gateway-init again/,
    ],
    [
      gateway({ networks: ['203.0.113.9/24', '2001:db8::10/64'] }),
      /rtoe-GR_gw has .*, not 203\.0\.113\.10; /,
    ],
    [gateway({ translatesTo: ['203.0.113.9'] }), /GR_gw translates to 203\.0\.113\.9; /],
    [gateway({ range: '' }), /GR_gw translates to ports "", the rules expect 61000-65535; /],
  ];
  for (const [nb, line] of cases) {
    const found = misfits(nb, 'gw', GATEWAY);
    t.is(found.length, 1, found.join('\n'));
    t.regex(found[0] ?? '', line);
  }
});
