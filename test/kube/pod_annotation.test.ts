import test from 'ava';
import fc from 'fast-check';
import { formatAnnotation, type PodNetwork, parseAnnotation } from '../../src/kube/pod_annotation.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

const DUAL: PodNetwork = {
  mac: parseMac('0a:58:0a:f4:01:05'),
  addresses: [parseCidr('10.244.1.5/24'), parseCidr('fd00:10:244:1::5/64')],
  gateways: [parseIp('10.244.1.1'), parseIp('fd00:10:244:1::1')],
};

test('an annotation is read as it was written', (t) => {
  t.deepEqual(parseAnnotation(formatAnnotation(DUAL)), DUAL);
  t.deepEqual(JSON.parse(formatAnnotation(DUAL)), {
    ip_address: '10.244.1.5/24,fd00:10:244:1::5/64',
    mac_address: '0a:58:0a:f4:01:05',
    gateway_ip: '10.244.1.1,fd00:10:244:1::1',
  });
});

test('the Python dictionary of the original is read too', (t) => {
  const one = { ...DUAL, addresses: DUAL.addresses.slice(0, 1), gateways: DUAL.gateways.slice(0, 1) };
  for (const mark of ['', 'u'])
    t.deepEqual(
      parseAnnotation(
        `{${mark}'gateway_ip': ${mark}'10.244.1.1', ${mark}'ip_address': ${mark}'10.244.1.5/24', ${mark}'mac_address': ${mark}'0a:58:0a:f4:01:05'}`,
      ),
      one,
    );
});

for (const bad of [
  '',
  'garbage',
  'null',
  '[]',
  '7',
  '{}',
  "{'ip_address': 7}",
  '{"ip_address":["10.244.1.5/24"]}',
])
  test(`an invalid annotation is refused: ${bad || 'empty text'}`, (t) => {
    t.throws(() => parseAnnotation(bad), { code: 'ERR_ANNOTATION', message: /annotation ovn/ });
  });

test('whatever text an annotation has is read, or refused by its name', (t) => {
  const json = fc.oneof(
    fc.json(),
    fc
      .dictionary(fc.constantFrom('ip_address', 'mac_address', 'gateway_ip'), fc.anything())
      .map((one) => String(JSON.stringify(one))),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        json,
        json.map((one) => one.replaceAll('"', "'")),
      ),
      (text) => {
        try {
          t.truthy(parseAnnotation(text).mac);
        } catch (error) {
          t.is((error as { code?: string }).code, 'ERR_ANNOTATION', text);
        }
      },
    ),
  );
});
