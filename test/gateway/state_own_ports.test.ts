import test from 'ava';
import {
  judgeOwnPort,
  judgeOwnPorts,
  type OwnPort,
  type OwnPortFacts,
} from '../../src/gateway/state_own_ports.js';
import { parseSockets } from '../../src/host/sockets.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import { familyOf, parseIp } from '../../src/net/ip.js';
import type { Transport } from '../../src/net/ports.js';
import { Keyed } from '../../src/openflow/keyed.js';

const SS = `tcp LISTEN 0 128 0.0.0.0:2222 0.0.0.0:* users:(("sshd",pid=17,fd=3))
tcp   LISTEN 0 128 127.0.0.1:8083 0.0.0.0:*
tcp   LISTEN 0 128 198.51.100.9:8084 0.0.0.0:*
tcp   LISTEN 0 128 203.0.113.11:8085 0.0.0.0:*
tcp   LISTEN 0 128 [2001:db8::11]:8086 [::]:*
tcp   LISTEN 0 128 *:8087 *:*
tcp   LISTEN 0 128 [::]:8088 [::]:*
tcp   LISTEN 0 128 [::ffff:203.0.113.11]:8089 *:*
udp   UNCONN 0 0 203.0.113.11%breth0:69 0.0.0.0:*
tcp   ESTAB 0 0 203.0.113.11:700 203.0.113.10:2049
sctp  LISTEN 0 128 0.0.0.0:3868 0.0.0.0:*
`;
const ADDRESSES = [parseIp('203.0.113.11'), parseIp('2001:db8::11')];
const FACTS: OwnPortFacts = {
  guard: new AddressGuard({ claims: [], allowed: undefined }),
  host: { sockets: parseSockets(SS), ephemeral: { lo: 32_768, hi: 60_999 } },
  podRange: { lo: 61_000, hi: 65_535 },
  addresses: ADDRESSES,
  inPlace: Keyed.EMPTY,
};

function judge(
  protocol: Transport,
  port: number,
  { kind = 'Service', family = 4, ...facts }: Partial<OwnPortFacts> & Partial<Which> = {},
) {
  const address = ADDRESSES.find((ip) => familyOf(ip) === family) ?? parseIp('::');
  const one: OwnPort = { kind, owner: 'ns/web', address, port: { protocol, port, at: [address] } };
  const { isServed, refused } = judgeOwnPort(one, { ...FACTS, ...facts });
  return refused ?? isServed;
}

interface Which {
  readonly kind: OwnPort['kind'];
  readonly family: 4 | 6;
}

test('a port that the host does not use is served', (t) => {
  for (const [protocol, port] of [
    ['tcp', 8081],
    ['udp', 2222],
    ['tcp', 8083],
    ['tcp', 8084],
    ['udp', 700],
  ] as const)
    t.true(judge(protocol, port), `${protocol} ${port}`);
});

for (const [protocol, port, reason] of [
  ['tcp', 22, "port 22 is always the host's, for ssh"],
  ['udp', 6081, 'it is the port of tunnels'],
  ['tcp', 7471, 'it is the port of tunnels'],
  ['tcp', 2222, 'the host uses it: tcp 0.0.0.0:2222 of sshd (pid 17)'],
  ['tcp', 8085, 'the host uses it: tcp 203.0.113.11:8085'],
  ['tcp', 8086, 'the host uses it: tcp [2001:db8::11]:8086'],
  ['tcp', 8087, 'the host uses it: tcp *:8087'],
  ['tcp', 8088, 'the host uses it: tcp [::]:8088'],
  ['tcp', 8089, 'the host uses it: tcp [::ffff:203.0.113.11]:8089'],
  ['udp', 68, 'it is the port of DHCP'],
  ['udp', 546, 'it is the port of DHCPv6'],
  ['udp', 69, 'the host uses it: udp 203.0.113.11%breth0:69'],
  ['tcp', 700, 'the host uses it: tcp 203.0.113.11:700'],
  ['sctp', 3868, 'the host uses it: sctp 0.0.0.0:3868'],
  ['tcp', 40_000, 'connections of the host have the ports 32768-60999'],
  ['tcp', 65_535, 'connections of pods have the ports 61000-65535'],
] as const)
  test(`${protocol} port ${port} is refused: ${reason}`, (t) => {
    const family = reason.includes('[2001:') ? 6 : 4;
    t.is(judge(protocol, port, { family }), reason);
    t.is(judge(protocol, port, { family, kind: 'Pod' }), reason);
  });

test('until the sockets and the guard are known, a port stays as it is', (t) => {
  const inPlace = Keyed.of([['tcp 8081', { protocol: 'tcp', port: 8081 } as const]]);
  for (const unknown of [{ host: undefined }, { guard: undefined }]) {
    t.false(judge('tcp', 8081, unknown));
    t.true(judge('tcp', 8081, { ...unknown, inPlace }));
    t.is(judge('tcp', 22, { ...unknown, inPlace }), "port 22 is always the host's, for ssh");
  }
});

test('external-ip-cidrs narrows the own address too', (t) => {
  const guard = new AddressGuard({ claims: [], allowed: [] });
  t.is(judge('tcp', 8081, { guard }), 'external-ip-cidrs is none');
  t.true(judge('tcp', 8081, { guard, kind: 'Pod' }), 'a host port is no external address');
});

test('a listener at one address leaves the port of the other address', (t) => {
  t.true(judge('tcp', 8085, { family: 6 }));
  t.true(judge('tcp', 8086, { family: 4 }));
});

test('of two that want one port the first gets it, and the second is named', (t) => {
  const [address = parseIp('::')] = ADDRESSES;
  const port = { protocol: 'tcp', port: 8081, at: [address] } as const;
  const { accepted, refusals } = judgeOwnPorts(
    [
      { kind: 'Service', owner: 'ns/web', address, port: { ...port, sources: [] } },
      { kind: 'Pod', owner: 'ns/pod', address, port },
    ],
    FACTS,
  );
  t.deepEqual(accepted, [{ ...port, sources: [] }]);
  t.deepEqual(refusals, [
    ['Pod', 'ns/pod', 'host port tcp 8081 at 203.0.113.11 is refused: it belongs to Service ns/web'],
  ]);
});
