import test from 'ava';
import fc from 'fast-check';
import { POD, type Pod } from '../../src/kube/kinds.js';
import { Misfit } from '../../src/kube/shape.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { switchGateways } from '../../src/ovn/gateways.js';
import { portColumns, portNetwork, wantedPort } from '../../src/watcher/desired_pod_port.js';

function pod(
  spec: Partial<NonNullable<Pod['spec']>>,
  { status, annotations }: { status?: Pod['status']; annotations?: Record<string, string> } = {},
): Pod {
  return {
    metadata: { namespace: 'ns', name: 'p', uid: 'u1', ...(annotations && { annotations }) },
    spec: { nodeName: 'gw1', ...spec },
    ...(status && { status }),
  };
}

test('a scheduled pod has a port on its node until it has finished', (t) => {
  t.like(wantedPort(pod({})), { name: 'ns_p', node: 'gw1', uid: 'u1', reported: [] });
  t.like(wantedPort(pod({}, { status: { phase: 'Running' } })), { name: 'ns_p' });
  for (const phase of ['Succeeded', 'Failed']) t.is(wantedPort(pod({}, { status: { phase } })), undefined);
  t.is(wantedPort(pod({ nodeName: '' })), undefined);
  t.is(wantedPort(pod({ hostNetwork: true })), undefined);
  t.is(wantedPort({ metadata: { namespace: 'ns', name: 'p' } }), undefined);
});

test('the UID of a static pod is that of its mirror annotation, as kubelet passes it to the plugin', (t) => {
  t.is(wantedPort(pod({}, { annotations: { 'kubernetes.io/config.mirror': 'hash' } }))?.uid, 'hash');
});

test('a mirror annotation that can be no UID does not count: its text would be copied to all nodes', (t) => {
  for (const text of ['', 'x'.repeat(65), 'a\nb', 'ä'])
    t.is(
      wantedPort(pod({}, { annotations: { 'kubernetes.io/config.mirror': text } }))?.uid,
      wantedPort(pod({}))?.uid,
    );
});

test('the addresses that kubelet reports are read; anything else there counts as none', (t) => {
  const reported = (...podIPs: { ip?: string }[]) =>
    wantedPort(pod({}, { status: { podIPs: podIPs as { ip: string }[] } }))?.reported;
  t.deepEqual(reported({ ip: '10.244.1.5' }, { ip: 'FD00::5' }), [parseIp('10.244.1.5'), parseIp('fd00::5')]);
  t.deepEqual(reported({ ip: 'x' }, {}), []);
});

test('a new port allows its pod no addresses but its own, and only the interface of its UID', (t) => {
  const wanted = wantedPort(pod({}));
  if (wanted === undefined) return t.fail('no port');
  const network = {
    mac: parseMac('0a:58:0a:f4:01:05'),
    addresses: [parseCidr('10.244.1.5/24'), parseCidr('fd00:10:244:1::5/64')],
    gateways: [parseIp('10.244.1.1'), parseIp('fd00:10:244:1::1')],
  };
  const text = '0a:58:0a:f4:01:05 10.244.1.5 fd00:10:244:1::5';
  t.deepEqual(portColumns(wanted, network, true), {
    name: 'ns_p',
    addresses: [text],
    port_security: [text],
    options: new Map([['iface-id-ver', 'u1']]),
    external_ids: new Map([
      ['pod', 'true'],
      ['namespace', 'ns'],
      ['pod-uid', 'u1'],
      ['ip_address', '10.244.1.5/24,fd00:10:244:1::5/64'],
      ['mac_address', '0a:58:0a:f4:01:05'],
      ['gateway_ip', '10.244.1.1,fd00:10:244:1::1'],
    ]),
  });
  t.deepEqual(portColumns(wanted, network, false).options, new Map());
});

const GATEWAYS = switchGateways('10.244.1.1/24,fd00:10:244:1::1/64');
const MAC = '0a:58:0a:f4:01:05';

function port(addresses: readonly string[], dynamic_addresses?: string) {
  return { name: 'ns_p', addresses, dynamic_addresses };
}

test('the network of a port is what OVN allocated, or its static addresses, with the masks and gateways of its switch', (t) => {
  const dual = {
    mac: parseMac(MAC),
    addresses: [parseCidr('10.244.1.5/24'), parseCidr('fd00:10:244:1::5/64')],
    gateways: [parseIp('10.244.1.1'), parseIp('fd00:10:244:1::1')],
  };
  const text = `${MAC} 10.244.1.5 fd00:10:244:1::5`;
  for (const dynamic of ['dynamic', `${MAC} dynamic`, 'dynamic 10.244.1.5'])
    t.deepEqual(portNetwork(port([dynamic], text), GATEWAYS), dual, dynamic);
  t.deepEqual(portNetwork(port([text]), GATEWAYS), dual);
  t.deepEqual(portNetwork(port(['unknown', `${MAC} 10.244.1.5`]), GATEWAYS), {
    mac: parseMac(MAC),
    addresses: [parseCidr('10.244.1.5/24')],
    gateways: [parseIp('10.244.1.1')],
  });
});

test('a port whose addresses OVN has not allocated yet has no network', (t) => {
  for (const dynamic of ['dynamic', `${MAC} dynamic`])
    t.is(portNetwork(port([dynamic]), GATEWAYS), undefined, dynamic);
});

for (const bad of [
  ['MAC garbage'],
  [MAC],
  [`${MAC} 10.244.1.300`],
  [`${MAC} 10.9.9.9`],
  ['0a:58:0a 10.244.1.5'],
  ['unknown'],
  ['router'],
  [''],
  [],
])
  test(`addresses that cannot be used are refused with the name of the row: ${JSON.stringify(bad)}`, (t) => {
    t.throws(() => portNetwork(port(bad), GATEWAYS), {
      code: 'ERR_POD_PORT',
      message: /^Logical_Switch_Port ns_p: addresses .* cannot be used; correct them/,
    });
  });

/** Returns what is kept of a pod that an API server sends; `undefined` if it is refused. */
function kept(sent: unknown): Pod | undefined {
  try {
    return POD(sent);
  } catch (error) {
    if (error instanceof Misfit) return undefined;
    throw error;
  }
}

test('whatever an API server sends as a pod gives a port or none', (t) => {
  const text = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(
      fc.record({ podIPs: fc.oneof(fc.anything(), fc.array(fc.anything())), phase: fc.anything() }),
      fc.oneof(fc.anything(), fc.dictionary(text, fc.anything())),
      fc.anything(),
      (status, annotations, uid) => {
        const pod = kept({
          metadata: { namespace: 'ns', name: 'p', uid, annotations },
          spec: { nodeName: 'gw1' },
          status,
        });
        const port = pod && wantedPort(pod);
        t.true(port === undefined || typeof port.uid === 'string');
      },
    ),
  );
});

test('whatever addresses a row has are a network, not allocated yet, or refused with the name of the row', (t) => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('dynamic', 'unknown', MAC, '10.244.1.5', 'fd00:10:244:1::5', '10.9.9.9', ' '),
  );
  const addresses = fc.array(fc.array(word).map((words) => words.join(' ')));
  fc.assert(
    fc.property(addresses, fc.option(word, { nil: undefined }), (all, dynamic) => {
      try {
        const network = portNetwork(port(all, dynamic), GATEWAYS);
        t.true(network === undefined || network.addresses.length > 0);
      } catch (error) {
        t.is((error as { code?: string }).code, 'ERR_POD_PORT');
        t.regex(String(error), /Logical_Switch_Port ns_p: /);
      }
    }),
  );
});
