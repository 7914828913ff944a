import test from 'ava';
import fc from 'fast-check';
import { formatCidr } from '../../src/net/cidr.js';
import { ipv4OfNumber } from '../../src/net/ip.js';
import { readPodSubnets } from '../../src/ovn/pod_subnets.js';

/** Returns a switch `gw1` with these settings. */
function row(gatewayIp: string | undefined, config: Readonly<Record<string, string>> = {}) {
  return {
    name: 'gw1',
    external_ids: new Map(gatewayIp === undefined ? [] : [['gateway_ip', gatewayIp]]),
    other_config: new Map(Object.entries(config)),
  };
}

function read(...args: Parameters<typeof row>) {
  const { v4, v6, gateways, excluded } = readPodSubnets(row(...args));
  return {
    v4: v4 && formatCidr(v4),
    v6: v6 && formatCidr(v6),
    gateways: gateways.map(formatCidr),
    excluded: excluded.map(({ first, last }) => `${ipv4OfNumber(first)}-${ipv4OfNumber(last)}`),
  };
}

const GATEWAYS = '10.244.2.1/24,fd00:10:244:2::1/64';

test("the subnets are those of other_config, with the router's addresses left out", (t) => {
  t.deepEqual(read(GATEWAYS, { subnet: '10.244.2.0/24', ipv6_prefix: 'fd00:10:244:2::' }), {
    v4: '10.244.2.0/24',
    v6: 'fd00:10:244:2::/64',
    gateways: ['10.244.2.1/24', 'fd00:10:244:2::1/64'],
    excluded: ['10.244.2.1-10.244.2.1'],
  });
  t.is(read(GATEWAYS, { subnet: '10.244.2.128/25' }).v4, '10.244.2.128/25');
  t.is(read(GATEWAYS, { ipv6_prefix: 'fd00:10:244:2::/80' }).v6, 'fd00:10:244:2::/80');
});

test("without other_config they are those of the router's addresses", (t) => {
  t.like(read(GATEWAYS), { v4: '10.244.2.1/24', v6: 'fd00:10:244:2::1/64' });
  t.like(read('10.244.2.1/24'), { v4: '10.244.2.1/24', v6: undefined });
});

test('exclude_ips has addresses and ranges, in the forms of ovn-nb(5)', (t) => {
  const exclude_ips = '10.244.2.5..10.244.2.9 10.244.2.20  10.244.2.30 .. 10.244.2.31';
  t.deepEqual(read('10.244.2.1/24', { exclude_ips }).excluded.slice(1), [
    '10.244.2.5-10.244.2.9',
    '10.244.2.20-10.244.2.20',
    '10.244.2.30-10.244.2.31',
  ]);
  t.deepEqual(read('10.244.2.1/24', { exclude_ips: ' ' }).excluded.slice(1), []);
});

for (const [what, gatewayIp, config, message] of [
  ['no gateway', undefined, {}, /Logical_Switch gw1: gateway_ip is not set; correct it/],
  ['an unreadable gateway', '10.244.2.1', {}, /Logical_Switch gw1: gateway_ip=10\.244\.2\.1; correct it/],
  ['an unreadable subnet', GATEWAYS, { subnet: 'x' }, /Logical_Switch gw1: subnet=x; correct it/],
  [
    'a subnet without a gateway',
    GATEWAYS,
    { subnet: '10.9.0.0/16' },
    /gateway_ip has no address in 10\.9\.0\.0\/16/,
  ],
  ['a range that ends before it begins', GATEWAYS, { exclude_ips: '10.244.2.9..10.244.2.5' }, /exclude_ips=/],
  ['an excluded IPv6 address', GATEWAYS, { exclude_ips: 'fd00::1' }, /exclude_ips=/],
] as const)
  test(`a switch with ${what} is refused by name`, (t) => {
    t.throws(() => readPodSubnets(row(gatewayIp, config)), { code: 'ERR_BAD_ROW', message });
  });

test('whatever a switch has is read or refused with its name', (t) => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '10.244.2.1/24',
      'fd00:10:244:2::1/64',
      '10.244.2.0/24',
      '10.244.2.5..10.244.2.9',
      '..',
      ' ',
    ),
  );
  const text = fc.array(part).map((parts) => parts.join(','));
  const config = fc.record({ subnet: text, ipv6_prefix: text, exclude_ips: text }, { requiredKeys: [] });
  fc.assert(
    fc.property(text, config, (gatewayIp, other) => {
      try {
        const { v4, v6 } = readPodSubnets(row(gatewayIp, other));
        t.true(v4 !== undefined || v6 !== undefined);
      } catch (error) {
        t.is((error as { code?: string }).code, 'ERR_BAD_ROW');
        t.regex(String(error), /Logical_Switch gw1: /);
      }
    }),
  );
});
