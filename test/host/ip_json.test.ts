import test from 'ava';
import fc from 'fast-check';
import { parseLinks } from '../../src/doctor/facts/links.js';
import { parseAddresses } from '../../src/host/addresses.js';
import { parseIpJson, readObject, type Shape } from '../../src/host/ip_json.js';
import { ADDRESS, LINK, LINK_ADDRESSES, NEIGHBOUR, ROUTE, RULE, SNAPSHOT } from '../../src/host/ip_shapes.js';
import type { Address, Link, Neighbour, Route, Rule } from '../../src/host/snapshot.js';
import { snapshotOf } from '../../src/host/snapshot_of.js';
import { type RouteHops, routersThrough } from '../../src/net/default_routers.js';
import { ProductError } from '../../src/net/errors.js';
import { moveBatches } from '../../src/nic/batch.js';
import { emptyOn } from '../../src/nic/on_device.js';

const NAMED: Shape = { required: ['ifname'], fields: { ifname: 'text', mtu: 'number' } };

test('objects are read, and the empty ones that a filter left are not', (t) => {
  t.deepEqual(parseIpJson('[{},{"ifname":"eth0","more":[1]},{}]', NAMED), [{ ifname: 'eth0', more: [1] }]);
  t.deepEqual(parseIpJson('', NAMED), []);
});

for (const [json, message] of [
  ['{', /the output is not JSON/],
  ['{"ifname":"eth0"}', /the output is not a list/],
  ['[null]', /the output is not an object/],
  ['[{"mtu":1500}]', /"ifname" of the output is not there/],
  ['[{"ifname":7}]', /"ifname" of the output is not a text/],
  ['[{"ifname":"eth0","mtu":"x"}]', /"mtu" of the output is not a whole number/],
] as const)
  test(`${json} is refused by the name of its field`, (t) => {
    t.throws(() => parseIpJson(json, NAMED), { code: 'ERR_IP', message });
  });

test('a named field that is null has no value, as of a tunnel that is on no device', (t) => {
  const [link] = parseIpJson<Link>('[{"ifindex":3,"ifname":"sit0","link":null,"mtu":1480,"flags":[]}]', LINK);
  t.deepEqual(link, { ifindex: 3, ifname: 'sit0', mtu: 1480, flags: [] } as unknown as Link);
  t.throws(() => parseIpJson('[{"ifname":null}]', NAMED), { code: 'ERR_IP', message: /is not there/ });
});

/** What `ip -json` printed for a bridge on a host (iproute2 6.1). */
const OUTPUT = {
  links: [
    {
      ...{
        ifindex: 2,
        ifname: 'eth0',
        flags: ['BROADCAST', 'UP'],
        mtu: 1500,
        qdisc: 'noqueue',
        link_type: 'ether',
      },
      ...{ address: '02:00:00:00:00:01', inet6_addr_gen_mode: 'eui64', linkinfo: { info_kind: 'veth' } },
    },
  ],
  addresses: [
    {
      ...{ ifindex: 2, ifname: 'eth0', mtu: 1500, flags: ['UP'] },
      addr_info: [
        {
          ...{
            family: 'inet',
            local: '203.0.113.10',
            prefixlen: 24,
            broadcast: '203.0.113.255',
            scope: 'global',
          },
          ...{ dynamic: true, label: 'eth0', valid_life_time: 600, preferred_life_time: 600 },
        },
        {
          family: 'inet6',
          local: '2001:db8::10',
          prefixlen: 64,
          scope: 'global',
          valid_life_time: 4_294_967_295,
        },
      ],
    },
  ],
  routes: [
    {
      dst: 'default',
      gateway: '203.0.113.1',
      dev: 'eth0',
      protocol: '4',
      metrics: [{ mtu: 1400 }],
      flags: [],
    },
    {
      ...{ dst: '10.7.0.0/16', protocol: '3', flags: [] },
      nexthops: [
        { gateway: '203.0.113.1', dev: 'eth0', weight: 1, flags: [] },
        { via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0', weight: 3, flags: ['onlink'] },
      ],
    },
  ],
  rules: [
    { priority: 100, src: '192.0.2.0', srclen: 24, iif: 'eth0', table: '77', fwmark: '0x1', tos: '0x10' },
  ],
  neighbours: [{ dst: '203.0.113.1', lladdr: '02:00:00:00:00:02', state: ['REACHABLE'] }],
};

const hostile = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    '',
    'a#b',
    '"',
    '\n',
    '\x1b[2J',
    '-x',
    'eth0 \\',
    1e308,
    -1,
    0.5,
    '999.1.1.1',
    '__proto__',
    'x'.repeat(10_000),
  ),
);

/** Returns JSON in which some values, anywhere, are others or gone. */
function damaged(value: unknown, random: fc.GeneratorValue, rate: number): unknown {
  if (random(fc.integer, { min: 0, max: 99 }) < rate) return random(() => hostile);
  if (Array.isArray(value)) return value.map((one) => damaged(one, random, rate));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(() => random(fc.integer, { min: 0, max: 99 }) >= rate)
      .map(([key, one]) => [key, damaged(one, random, rate)]),
  );
}

/** Runs a reader; whatever it throws must be an error of the product. */
function readOrRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProductError) return undefined;
    throw error;
  }
}

test('whatever ip -json prints is read, or refused by name, up to the lines of a move', (t) => {
  let read = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.gen(), fc.constantFrom(0, 1, 1, 2, 5, 20), (random, rate) => {
      const text = (key: keyof typeof OUTPUT) => JSON.stringify(damaged(OUTPUT[key], random, rate));
      readOrRefused(() => parseAddresses(text('addresses')));
      readOrRefused(() => parseLinks(text('addresses')));
      readOrRefused(() => routersThrough('eth0', parseIpJson<RouteHops>(text('routes'), ROUTE)));
      const lines = readOrRefused(() => {
        const family = 4 as const;
        const snapshot = snapshotOf('eth0', {
          links: parseIpJson<Link>(text('links'), LINK),
          addresses: parseIpJson<{ ifname: string; addr_info?: Address[] }>(
            text('addresses'),
            LINK_ADDRESSES,
          ),
          routes: parseIpJson<Route>(text('routes'), ROUTE).map((one) => ({ ...one, family })),
          rules: parseIpJson<Rule>(text('rules'), RULE).map((one) => ({ ...one, family })),
          neighbours: parseIpJson<Neighbour>(text('neighbours'), NEIGHBOUR),
        });
        const back = readObject(JSON.parse(JSON.stringify(snapshot)), SNAPSHOT, 'the journal');
        t.deepEqual(back, JSON.parse(JSON.stringify(snapshot)));
        const batches = moveBatches({ wanted: snapshot, from: snapshot, to: emptyOn(snapshot, 'breth0') });
        return Object.values(batches).flat();
      });
      if (lines === undefined) refused++;
      else read++;
      for (const line of lines ?? []) t.regex(line, /^[ !$-&(-[\]-~]*$/);
    }),
    { numRuns: 2_000 },
  );
  t.true(read > 100 && refused > 100, `${read} read, ${refused} refused`);
});

test('any text instead of JSON, and any JSON, is read or refused', (t) => {
  const shapes = [ADDRESS, LINK, LINK_ADDRESSES, ROUTE, RULE, NEIGHBOUR, SNAPSHOT];
  fc.assert(
    fc.property(
      fc.oneof(fc.json(), fc.string({ unit: 'binary' })),
      fc.constantFrom(...shapes),
      (json, shape) => {
        readOrRefused(() => parseIpJson(json, shape));
        t.pass();
      },
    ),
    { numRuns: 1_000 },
  );
});
