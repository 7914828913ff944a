import test from 'ava';
import { annotationOfPort } from '../../src/kube/pod_annotation.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { podNetworkPairs } from '../../src/ovn/pods.js';

const DUAL = podNetworkPairs({
  mac: parseMac('0a:58:0a:f4:01:05'),
  addresses: [parseCidr('10.244.1.5/24'), parseCidr('fd00:10:244:1::5/64')],
  gateways: [parseIp('10.244.1.1'), parseIp('fd00:10:244:1::1')],
});

test("the annotation has the port's network and nothing else of it, both families separated by commas", (t) => {
  t.is(
    annotationOfPort(new Map([['pod', 'true'], ...DUAL, ['pod-uid', 'u']])),
    '{"ip_address":"10.244.1.5/24,fd00:10:244:1::5/64","mac_address":"0a:58:0a:f4:01:05","gateway_ip":"10.244.1.1,fd00:10:244:1::1"}',
  );
});

test('a port without one of the values has no annotation', (t) => {
  for (const [key] of DUAL) {
    const ids = new Map(DUAL);
    ids.delete(key);
    t.is(annotationOfPort(ids), undefined);
  }
});
