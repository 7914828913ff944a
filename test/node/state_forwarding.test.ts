import test from 'ava';
import { forwardingProblems, reversePathChanges } from '../../src/node/state_forwarding.js';

const of = (values: Readonly<Record<string, string>>) => (name: string) => values[name];

test('a host that forwards nothing is told which sysctl to set, in the families that the node has', (t) => {
  const read = of({ 'net.ipv4.ip_forward': '0', 'net.ipv6.conf.all.forwarding': '0' });
  t.deepEqual(
    forwardingProblems([4], read).map((one) => /sysctl -w .*$/.exec(one)?.[0]),
    ['sysctl -w net.ipv4.ip_forward=1'],
  );
  t.is(forwardingProblems([4, 6], read).length, 2);
  t.deepEqual(forwardingProblems([4], of({ 'net.ipv4.ip_forward': '1' })), []);
});

test('a strict reverse path filter becomes a loose one, which is left alone like no filter', (t) => {
  const changes = (all: string, own: string) =>
    reversePathChanges(
      'k8s-a',
      of({ 'net/ipv4/conf/all/rp_filter': all, 'net/ipv4/conf/k8s-a/rp_filter': own }),
    ).map(({ value }) => value);
  t.deepEqual([changes('1', '0'), changes('0', '1'), changes('1', '1')], [['2'], ['2'], ['2']]);
  t.deepEqual([changes('0', '0'), changes('2', '1'), changes('1', '2')], [[], [], []]);
});
