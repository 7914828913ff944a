import test from 'ava';
import { goneDestinations, tuplesOf } from '../../src/node/tracked_entries.js';

/** Lines of `ovs-appctl dpctl/dump-conntrack` of OVS 3.1 on a gateway, and two of other kinds. */
const DUMP = `
udp,orig=(src=10.244.2.3,dst=10.96.44.158,sport=57935,dport=83),reply=(src=10.244.1.3,dst=10.244.2.3,sport=8080,dport=57935),zone=19,mark=2
udp,orig=(src=10.244.2.4,dst=10.96.44.158,sport=57936,dport=83),reply=(src=10.244.1.3,dst=10.244.2.4,sport=8080,dport=57936),zone=19,mark=2
udp,orig=(src=2001:db8::1,dst=2001:db8::11,sport=53356,dport=30083),reply=(src=fd00:10:244:1::103,dst=2001:db8::1,sport=8080,dport=53356),zone=13,mark=2
udp,orig=(src=203.0.113.1,dst=10.244.1.3,sport=58773,dport=8080),reply=(src=10.244.1.3,dst=100.64.1.2,sport=8080,dport=58773),zone=11
udp,orig=(src=203.0.113.1,dst=203.0.113.11,sport=58773,dport=30083),reply=(src=10.244.1.3,dst=203.0.113.1,sport=8080,dport=58773)
tcp,orig=(src=10.244.2.3,dst=10.96.44.158,sport=57935,dport=83),reply=(src=10.244.1.3,dst=10.244.2.3,sport=8080,dport=57935),zone=19,mark=2,protoinfo=(state=TIME_WAIT)
icmp,orig=(src=10.244.2.3,dst=10.244.1.3,id=1,type=8,code=0),reply=(src=10.244.1.3,dst=10.244.2.3,id=1,type=0,code=0),zone=19
`;

test('of what the switch tracks, translated UDP in zones of OVN is found, each destination once', (t) => {
  t.deepEqual(
    goneDestinations(DUMP, () => true),
    [
      { vip: '10.96.44.158:83', endpoint: '10.244.1.3:8080' },
      { vip: '[2001:db8::11]:30083', endpoint: '[fd00:10:244:1::103]:8080' },
    ],
  );
  t.deepEqual(
    goneDestinations(DUMP, ({ vip }) => vip.startsWith('[')).map(({ vip }) => vip),
    ['[2001:db8::11]:30083'],
  );
});

test('the tuples of a destination name both directions in full', (t) => {
  t.deepEqual(tuplesOf({ vip: '10.96.0.10:53', endpoint: '10.244.1.3:8053' }), [
    'ct_nw_dst=10.96.0.10,ct_nw_proto=17,ct_tp_dst=53',
    'ct_nw_src=10.244.1.3,ct_nw_proto=17,ct_tp_src=8053',
  ]);
  t.deepEqual(tuplesOf({ vip: '[fd00:10:96::a]:53', endpoint: '[fd00::3]:53' }), [
    'ct_ipv6_dst=fd00:10:96::a,ct_nw_proto=17,ct_tp_dst=53',
    'ct_ipv6_src=fd00::3,ct_nw_proto=17,ct_tp_src=53',
  ]);
});

test('a text that is not an address and a port has no tuples, so that nothing more is deleted', (t) => {
  for (const text of ['', '10.96.0.10', '^vip:53', '10.96.0.10:53,ct_nw_proto=6', 'fd00::3', '[fd00::3]'])
    t.is(tuplesOf({ vip: text, endpoint: '10.244.1.3:53' }), undefined, text);
});
