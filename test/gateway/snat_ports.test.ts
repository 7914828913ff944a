import test from 'ava';
import {
  fillProblems,
  formatFill,
  mostOfOneProtocol,
  type PortFill,
  podConnections,
} from '../../src/gateway/snat_ports.js';

const ADDRESSES = ['203.0.113.11', '2001:db8::11'];
const RANGE = { lo: 61_000, hi: 61_009 };

/** As ovs-appctl dpctl/dump-conntrack of OVS 3.1 prints them on a gateway. */
const DUMP = `
tcp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=44394,dport=80),reply=(src=198.51.100.7,dst=203.0.113.11,sport=80,dport=61003),zone=14,protoinfo=(state=TIME_WAIT)
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=10000,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=61004),zone=14
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=10001,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=61005),zone=14
udp,orig=(src=fd00::3,dst=2001:db8:ffff::7,sport=10001,dport=9),reply=(src=2001:db8:ffff::7,dst=2001:db8::11,sport=9,dport=61005),zone=14
`;

/** Of a pod in its own zone, of a client of a node port, of zone 64000, of another range, and no connection at all. */
const OTHERS = `
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=61001,dport=9),reply=(src=198.51.100.7,dst=10.244.2.3,sport=9,dport=61001),zone=19
tcp,orig=(src=203.0.113.1,dst=203.0.113.11,sport=61001,dport=30080),reply=(src=10.244.1.3,dst=203.0.113.1,sport=8080,dport=61001),zone=10,mark=10,protoinfo=(state=TIME_WAIT)
udp,orig=(src=203.0.113.11,dst=198.51.100.7,sport=61004,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=61004),zone=64000
udp,orig=(src=10.244.2.3,dst=198.51.100.7,sport=61001,dport=9),reply=(src=198.51.100.7,dst=203.0.113.11,sport=9,dport=62001),zone=14
icmp,orig=(src=10.244.2.3,dst=198.51.100.7,id=4,type=8,code=0),reply=(src=198.51.100.7,dst=203.0.113.11,id=4,type=0,code=0),zone=14
garbage
`;

test('the busiest server is the one to whose port most of the range is in use', (t) => {
  t.deepEqual(podConnections(`${OTHERS}${DUMP}`, ADDRESSES, RANGE), {
    busiest: { protocol: 'udp', server: '198.51.100.7', port: 9, used: 2 },
    zone: 14,
  });
});

test("what is not a pod's connection out does not count", (t) => {
  t.deepEqual(podConnections(OTHERS, ADDRESSES, RANGE), { busiest: undefined, zone: undefined });
});

test('of the connections of a zone those of the protocol that has most are a bound', (t) => {
  t.is(mostOfOneProtocol('Connections Stats:\n    Total: 14951\n  TCP: 15\n  UDP: 14936\n'), 14_936);
  t.is(mostOfOneProtocol('Connections Stats:\n    Total: 0\n'), 0);
});

test('an operator is told from nine tenths on', (t) => {
  const fill = (used: number): PortFill => ({
    range: RANGE,
    atMost: used,
    busiest: { protocol: 'tcp', server: '198.51.100.7', port: 80, used },
  });
  t.deepEqual(fillProblems(undefined), []);
  t.deepEqual(fillProblems({ ...fill(10), busiest: undefined }), []);
  t.deepEqual(fillProblems(fill(8)), []);
  t.regex(
    fillProblems(fill(9)).join(),
    /61000-61009 are nearly used up towards tcp 198\.51\.100\.7 port 80; run/,
  );
  t.regex(fillProblems(fill(10)).join(), /are used up, and more connections fail towards tcp/);
  t.is(formatFill(fill(9)), '9 of 10 in use towards tcp 198.51.100.7 port 80');
  t.is(
    formatFill({ range: RANGE, atMost: 3, busiest: undefined }),
    'at most 3 of 10 in use towards one server',
  );
});
