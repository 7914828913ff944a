import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { CniError, CODES } from '../../src/cni/errors.js';
import { awaitPodNetwork } from '../../src/cni/pod_source.js';
import { FakeApi } from '../kube/fake_api.js';

const PODS = '/api/v1/namespaces/default/pods';
const ATTACHMENT = {
  ...{ containerId: 'box1', netns: '/run/netns/box1', ifName: 'eth0' },
  ...{ namespace: 'default', pod: 'web' },
};
const ANNOTATED = {
  metadata: {
    annotations: {
      ovn: '{"ip_address":"10.244.2.5/24","mac_address":"0a:58:0a:f4:02:05","gateway_ip":"10.244.2.1"}',
    },
  },
};

async function begin(t: ExecutionContext) {
  const api = await FakeApi.start();
  t.teardown(() => api.close());
  const access = { systemIds: new Map([['k8s-api-server', api.url]]), sysconf: '/nonexistent', env: {} };
  return { api, network: (timeoutMs: number) => awaitPodNetwork(access, ATTACHMENT, timeoutMs) };
}

test('a pod that has its annotation gives its network at once', async (t) => {
  const { api, network } = await begin(t);
  api.set('web', ANNOTATED, PODS);
  const { mac, addresses, gateways } = await network(5_000);
  t.is(mac as string, '0a:58:0a:f4:02:05');
  t.is(addresses.length, 1);
  t.deepEqual(gateways as readonly string[], ['10.244.2.1']);
  t.regex(api.requests[0] ?? '', /\?.*fieldSelector=metadata\.name(%3D|=)web/);
});

test('an annotation that is written later is received by the watch', async (t) => {
  const { api, network } = await begin(t);
  api.set('web', {}, PODS);
  const waiting = network(10_000);
  await until('the plugin to watch', () => when(api.openWatches > 0));
  api.set('web', ANNOTATED, PODS);
  t.is((await waiting).mac as string, '0a:58:0a:f4:02:05');
});

for (const [what, fields, why] of [
  ['does not exist', undefined, 'the API server has no such pod'],
  ['has no annotation', {}, 'no annotation ovn; is ovn-k8s-watcher running?'],
  ['has a broken annotation', { metadata: { annotations: { ovn: 'x' } } }, 'annotation ovn is not JSON'],
] as const) {
  test(`a pod that ${what} is waited for, and the reason is in the error`, async (t) => {
    const { api, network } = await begin(t);
    if (fields !== undefined) api.set('web', fields, PODS);
    const error = await t.throwsAsync<CniError>(network(500), { instanceOf: CniError });
    t.is(error?.number, CODES.tryAgainLater);
    t.true(error?.message.startsWith(`Pod default/web has no network after 500 ms: ${why}`), error?.message);
  });
}

test('without the address of an API server the error says where to set it', async (t) => {
  const access = { systemIds: new Map<string, string>(), sysconf: '/nonexistent', env: {} };
  const error = await t.throwsAsync<CniError>(awaitPodNetwork(access, ATTACHMENT, 500), {
    instanceOf: CniError,
    message: /external_ids:k8s-api-server of the Open_vSwitch row, or "kubeconfig"/,
  });
  t.is(error?.number, CODES.invalidConfiguration);
});
