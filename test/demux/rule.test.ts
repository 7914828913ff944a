import test from 'ava';
import { classId, priorityOf } from '../../src/demux/classes.js';
import { ADVERTISEMENT, REQUEST, rule, steer } from '../../src/demux/rule.js';
import { classIdOf } from '../../src/openflow/cookie.js';
import type { Flow } from '../../src/openflow/flow.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { IP4, IP6, MAC, PATCH, PHYS } from './sample.js';

/** Match and actions of each flow, without table, priority and the term that all rules begin with. */
function texts(flows: readonly Flow[]): string[] {
  return flows.map(({ text }) =>
    text.replace(/^table=0,priority=\d+/, '').replace(/^,|,?vlan_tci=0x0000\/0x1fff/g, ''),
  );
}

test('a rule has the priority of its class and counts for it; a steering rule counts for none', (t) => {
  const [counted] = rule('fragment').drop();
  const [steering] = steer('fragment').resubmit(2);
  t.is(counted?.text, `table=0,priority=${priorityOf('fragment')},vlan_tci=0x0000/0x1fff actions=drop`);
  t.is(classIdOf(counted?.cookie ?? 0n), classId('fragment'));
  t.is(steering?.priority, priorityOf('fragment'));
  t.is(classIdOf(steering?.cookie ?? 0n), 0);
});

test('ahead puts a rule before the plain rules of a class, and behind the class before it', (t) => {
  const [ahead] = rule('pod-drop').ahead('pod-out', 2).drop();
  t.true((ahead?.priority ?? 0) > priorityOf('pod-out'));
  t.true((ahead?.priority ?? 0) < priorityOf('broadcast'));
});

test('a list of addresses makes one flow for each, in its family', (t) => {
  t.deepEqual(texts(rule('management').to([IP4, IP6]).output(LOCAL)), [
    `ip,nw_dst=${IP4} actions=LOCAL`,
    `ipv6,ipv6_dst=${IP6} actions=LOCAL`,
  ]);
  t.deepEqual(texts(rule('management').fromIp([IP6]).output(LOCAL)), [`ipv6,ipv6_src=${IP6} actions=LOCAL`]);
  t.deepEqual(rule('management').to([]).output(LOCAL), []);
});

test('a port that the bridge lacks makes no flow as a source, and no output as a destination', (t) => {
  t.deepEqual(rule('management').from(undefined).output(LOCAL), []);
  t.deepEqual(texts(rule('icmp').from(PHYS).output(LOCAL, undefined)), ['in_port=1 actions=LOCAL']);
  t.deepEqual(rule('pod-return').from(PHYS).output(undefined), []);
  t.deepEqual(rule('pod-out').commit(64_000).output(undefined), []);
});

test('a port range becomes masked matches that cover exactly the range', (t) => {
  t.deepEqual(
    texts(rule('pod-return').to([IP4]).transport('udp', { lo: 65_532, hi: 65_535 }).output(PATCH)),
    [`udp,nw_dst=${IP4},tp_dst=0xfffc/0xfffc actions=output:2`],
  );
  t.is(rule('pod-return').to([IP4]).transport('tcp', { lo: 61_000, hi: 65_535 }).drop().length, 6);
});

test('ICMP types depend on the family of the match', (t) => {
  t.deepEqual(
    texts(
      rule('echo-request')
        .to([IP4, IP6])
        .icmp({ v4: [8], v6: [128] })
        .drop(),
    ),
    [`icmp,nw_dst=${IP4},icmp_type=8 actions=drop`, `icmp6,ipv6_dst=${IP6},icmp_type=128 actions=drop`],
  );
});

test('a neighbour request is ARP for IPv4 targets and a solicitation for IPv6 targets', (t) => {
  t.deepEqual(texts(rule('neighbour-request').neighbourRequest([IP6, IP4]).drop()), [
    `arp,arp_tpa=${IP4},arp_op=1 actions=drop`,
    `icmp6,icmp_type=135,nd_target=${IP6} actions=drop`,
  ]);
  t.deepEqual(texts(rule('neighbour-reply').neighbourReply().drop()), [
    'arp,arp_op=2 actions=drop',
    'icmp6,icmp_type=136 actions=drop',
  ]);
});

test('ARP and neighbour discovery ignore addresses of the other family', (t) => {
  t.deepEqual(
    rule('pod-out')
      .arp({ spa: [IP6] })
      .drop(),
    [],
  );
  t.deepEqual(rule('pod-drop').nd(ADVERTISEMENT, [IP4]).drop(), []);
  t.deepEqual(
    texts(
      rule('pod-out')
        .arp({ op: REQUEST, spa: [IP4, IP6], sha: MAC })
        .drop(),
    ),
    [`arp,arp_spa=${IP4},arp_op=1,arp_sha=${MAC} actions=drop`],
  );
});

test('connection tracking: steer through a zone, match the state, commit before the output', (t) => {
  t.deepEqual(texts(steer('pod-return').track(64_000, 1)), [' actions=ct(table=1,zone=64000)']);
  t.deepEqual(texts(rule('pod-return').ctState('est').output(PATCH)), ['ct_state=+est+trk actions=output:2']);
  t.deepEqual(texts(rule('pod-out').commit(64_000).output(PHYS)), [
    ' actions=ct(commit,zone=64000),output:1',
  ]);
});

test('anyTag drops the condition on the VLAN tag, inTable moves the rule', (t) => {
  t.is(rule('other').anyTag().output('NORMAL')[0]?.text, 'table=0,priority=0 actions=NORMAL');
  t.regex(rule('management').inTable(1).output(LOCAL)[0]?.text ?? '', /^table=1,/);
});
