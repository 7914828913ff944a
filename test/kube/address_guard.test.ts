import test from 'ava';
import { AddressGuard } from '../../src/kube/address_guard.js';
import { externalIpCidrs, parseExternalIpCidrs } from '../../src/kube/external_ip_cidrs.js';
import { parseCidr } from '../../src/net/cidr.js';
import { claimOf } from '../../src/net/claims.js';
import { parseIp } from '../../src/net/ip.js';

const CLAIMS = [
  claimOf(parseIp('203.0.113.1'), 'a default router'),
  { network: parseCidr('10.244.0.0/16'), what: "in the cluster's 10.244.0.0/16" },
];

function refusal(ip: string, limit?: string): string | undefined {
  const allowed = limit === undefined ? undefined : parseExternalIpCidrs(limit);
  return new AddressGuard({ claims: CLAIMS, allowed }).refusal(parseIp(ip));
}

test('the guard refuses special and claimed addresses with the reason, and nothing else', (t) => {
  t.is(refusal('127.0.0.1'), 'it is loopback (127.0.0.0/8)');
  t.is(refusal('203.0.113.1'), 'it is a default router');
  t.is(refusal('10.244.7.7'), "it is in the cluster's 10.244.0.0/16");
  t.is(refusal('203.0.113.80'), undefined);
  t.is(refusal('192.168.1.80'), undefined);
  t.is(refusal('fd00::80'), undefined);
});

test('a limit refuses what is not in it, and allows nothing that is refused anyway', (t) => {
  const limit = '203.0.113.64/26,2001:db8:1::/64';
  t.is(refusal('203.0.113.80', limit), undefined);
  t.is(refusal('203.0.113.1', '0.0.0.0/0'), 'it is a default router');
  t.is(refusal('203.0.113.10', limit), `external-ip-cidrs is ${limit}`);
  t.is(refusal('2001:db8::80', limit), `external-ip-cidrs is ${limit}`);
  t.is(refusal('203.0.113.80', 'none'), 'external-ip-cidrs is none');
});

test('the option wins over the setting, and a setting that is invalid allows nothing', (t) => {
  const option = parseExternalIpCidrs('203.0.113.80/32');
  t.deepEqual(externalIpCidrs(option, 'none'), { allowed: option });
  t.deepEqual(externalIpCidrs(undefined, undefined), { allowed: undefined });
  t.deepEqual(externalIpCidrs(undefined, 'none'), { allowed: [] });
  const { allowed, problem } = externalIpCidrs(undefined, '203.0.113.64');
  t.deepEqual(allowed, []);
  t.regex(
    problem ?? '',
    /external_ids:k8s-external-ip-cidrs: .*"203\.0\.113\.64" has no mask.*no external address is served/,
  );
});

for (const text of ['', 'none,10.0.0.0/8', '10.0.0.0', '10.0.0.0/33', 'all'])
  test(`external-ip-cidrs "${text}" is refused`, (t) => {
    t.throws(() => parseExternalIpCidrs(text), { message: /external-ip-cidrs/ });
  });
