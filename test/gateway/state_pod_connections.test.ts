import test from 'ava';
import fc from 'fast-check';
import { mostOfOneProtocol, podConnections } from '../../src/gateway/state_pod_connections.js';

const ADDRESSES = ['203.0.113.11', '2001:db8::11'];
const RANGE = { lo: 61_000, hi: 61_009 };

/** Lines of ovs-appctl dpctl/dump-conntrack of OVS 3.1 on a gateway. */
const DUMP = `
tcp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=44394,dport=80),reply=(src=198.51.100.7,dst=203.0.113.11,sport=80,dport=61003),zone=14,protoinfo=(state=TIME_WAIT)
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=10000,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=61004),zone=14
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=10001,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=61005),zone=14
udp,orig=(src=fd00::3,dst=2001:db8:ffff::7,sport=10001,dport=9),reply=(src=2001:db8:ffff::7,dst=2001:db8::11,sport=9,dport=61005),zone=14
`;

/** A pod's own zone, a client of a node port, zone 64000, another range, ICMP, and a line that is not a connection. */
const OTHERS = `
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=61001,dport=9),reply=(src=198.51.100.7,dst=10.244.2.3,sport=9,dport=61001),zone=19
tcp,orig=(src=203.0.113.1,dst=203.0.113.11,sport=61001,dport=30080),reply=(src=10.244.1.3,dst=203.0.113.1,sport=8080,dport=61001),zone=10,mark=10,protoinfo=(state=TIME_WAIT)
udp,orig=(src=203.0.113.11,dst=198.51.100.7,sport=61004,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=61004),zone=64000
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=61001,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=62001),zone=14
icmp,orig=(src=10.244.2.3,dst=198.51.100.7,id=4,type=8,code=0),reply=(src=198.51.100.7,dst=203.0.113.11,id=4,type=0,code=0),zone=14
garbage
`;

test('the busiest server port is the one with the most connections of pods', (t) => {
  t.deepEqual(podConnections(`${OTHERS}${DUMP}`, ADDRESSES, RANGE), {
    busiest: { protocol: 'udp', server: '198.51.100.7', port: 9, used: 2 },
    zone: 14,
  });
});

test('connections that pods did not open do not count', (t) => {
  t.deepEqual(podConnections(OTHERS, ADDRESSES, RANGE), { busiest: undefined, zone: undefined });
});

test('the number of connections of the busiest protocol limits the number of any server', (t) => {
  t.is(mostOfOneProtocol('Connections Stats:\n    Total: 14951\n  TCP: 15\n  UDP: 14936\n'), 14_936);
  t.is(mostOfOneProtocol('Connections Stats:\n    Total: 0\n'), 0);
});

test('whatever the switch prints of its connections, the counts are numbers, and nothing is thrown', (t) => {
  const line = fc.oneof(
    fc.constantFrom(
      ...DUMP.split('\n'),
      ...OTHERS.split('\n'),
      'tcp: 5',
      'UDP: 99999999999999999999',
      `sctp: ${'9'.repeat(400)}`,
    ),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'tcpudorig=(sr,dport:0123456789)zone ') }),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', ''), (lines, between) => {
      const text = lines.join(between);
      t.true(mostOfOneProtocol(text) >= 0);
      const { busiest, zone } = podConnections(text, ADDRESSES, RANGE);
      t.true((busiest?.used ?? 0) <= lines.length);
      t.true(zone === undefined || Number.isInteger(zone));
    }),
    { numRuns: 1_000 },
  );
});
