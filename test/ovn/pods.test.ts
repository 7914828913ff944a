import test from 'ava';
import { podKeyOf, podPortName, splitPodKey } from '../../src/ovn/pods.js';

function port(name: string, ids: Readonly<Record<string, string>>) {
  return { name, external_ids: new Map(Object.entries(ids)) };
}

test('the pod is read from its port', (t) => {
  const name = podPortName('default', 'web-0');
  t.is(name, 'default_web-0');
  t.is(podKeyOf(port(name, { pod: 'true', namespace: 'default' })), 'default/web-0');
  t.deepEqual(splitPodKey('default/web-0'), ['default', 'web-0']);
});

test("no pod is read from a port that is not a pod's", (t) => {
  t.is(podKeyOf(port('default_web-0', { namespace: 'default' })), undefined);
  t.is(podKeyOf(port('default_web-0', { pod: 'true' })), undefined);
  t.is(podKeyOf(port('default_web-0', { pod: 'false', namespace: 'default' })), undefined);
  t.is(podKeyOf(port('other_web-0', { pod: 'true', namespace: 'default' })), undefined);
});
