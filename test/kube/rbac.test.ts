import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAllYaml } from '@kubernetes/client-node';
import test, { type ExecutionContext } from 'ava';
import { PROJECT } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { readNode, readServiceIps } from '../../src/doctor/facts/kubernetes.js';
import { ServiceSource } from '../../src/gateway/sources/services.js';
import { findAccess } from '../../src/kube/access.js';
import { ClusterSource } from '../../src/node/sources/cluster.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { FollowedCluster } from '../../src/watcher/followed_cluster.js';
import { FakeSettings } from '../switch/fake_settings.js';
import { addCluster, addNode } from '../watcher/cluster_rows.js';
import { FakeNorthbound } from '../watcher/fake_northbound.js';
import { FakeApi } from './fake_api.js';

/** The rights that a daemon used and those that `packaging/kubernetes/rbac.yaml` gives, as `list pods`. */
type Rights = ReadonlySet<string>;

interface ClusterRole {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly { readonly [field in 'apiGroups' | 'resources' | 'verbs']: readonly string[] }[];
}

function granted(account: string): string[] {
  const yaml = readFileSync(join(PROJECT, 'packaging/kubernetes/rbac.yaml'), 'utf8');
  const roles: readonly ClusterRole[] = loadAllYaml(yaml);
  const role = roles.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === account);
  const rights = (role?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`),
      ),
    ),
  );
  return rights.sort();
}

/**
 * Returns the right that the API server asks for before it answers a request, as its authorizer names it; none for the
 * question which groups it has, which every account may ask.
 */
function rightFor(request: string): string[] {
  const [method = '', target = ''] = request.split(' ');
  const { pathname, searchParams } = new URL(target, 'http://server');
  const [, group, rest = ''] = /^\/api(?:s\/([^/]+))?\/v1(?:\/(.*))?$/.exec(pathname) ?? [];
  const [resource = '', name, part] = rest.replace(/^namespaces\/[^/]+\//, '').split('/');
  if (resource === '') return [];
  const reading = name !== undefined ? 'get' : searchParams.get('watch') === 'true' ? 'watch' : 'list';
  const verb = { GET: reading, POST: 'create', PATCH: 'patch' }[method] ?? method;
  const what = [...(group === undefined ? [] : [group]), resource, ...(part === undefined ? [] : [part])];
  return [`${verb} ${what.join('/')}`];
}

function used(apis: readonly FakeApi[]): Rights {
  return new Set(apis.flatMap(({ requests }) => requests.flatMap(rightFor)));
}

/** Starts an API server with slices and one of before 1.21, with objects that make the daemons do all that they do. */
async function startApis(t: ExecutionContext): Promise<readonly FakeApi[]> {
  return Promise.all(
    [true, false].map(async (hasSlices) => {
      const api = await FakeApi.start();
      t.teardown(() => api.close());
      api.hasSlices = hasSlices;
      api.set('one', { metadata: { uid: 'u1' }, spec: { nodeName: 'gw1' } }, '/api/v1/pods');
      // It has a health check's port, and an address that no service gets.
      const spec = {
        ...{ type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32_100 },
        ...{ clusterIP: '10.96.0.1', externalIPs: ['127.0.0.1'] },
        ports: [{ port: 80, protocol: 'TCP', nodePort: 30_080 }],
      };
      api.set('web', { metadata: { uid: 'u2' }, spec }, '/api/v1/services');
      api.set('gw1', { status: { addresses: [] } }, '/api/v1/nodes');
      return api;
    }),
  );
}

/** Runs sources until they have used all of the rights, and compares. */
async function useExactly(
  t: ExecutionContext,
  account: string,
  start: (api: FakeApi, signal: AbortSignal) => Promise<Promise<unknown>[]>,
): Promise<readonly FakeApi[]> {
  const apis = await startApis(t);
  const stop = new AbortController();
  // As many as the daemons allow.
  setMaxListeners(32, stop.signal);
  const running = await Promise.all(apis.map((api) => start(api, stop.signal)));
  const rights = granted(account);
  try {
    await until('all rights', () => when(rights.every((right) => used(apis).has(right))));
  } catch {
    // The comparison below shows the difference.
  }
  stop.abort();
  await Promise.all(running.flat());
  t.deepEqual([...used(apis)].sort(), rights);
  return apis;
}

const accessTo = ({ url }: FakeApi) => ({
  settings: new FakeSettings({ 'k8s-api-server': url }),
  ...{ kubeconfig: undefined, sysconf: '/nonexistent', env: {} },
});

test('the account of the nodes has the rights that its daemons and doctor use, and no others', async (t) => {
  const apis = await useExactly(t, 'ovn-k8s-node', async (api, signal) => {
    const access = accessTo(api);
    const problems = new Problems(SILENT);
    const options = { ...access, node: () => 'gw1', problems, changed: () => undefined, log: SILENT };
    const following = [new ClusterSource(options).run(signal), new ServiceSource(options).run(signal)];
    const asked = { ...access, systemIds: access.settings.read() };
    await readNode('gw1', asked);
    await readServiceIps(asked, 5_000);
    return following;
  });
  const ofPods = apis.flatMap(({ requests }) => requests.filter((one) => one.includes('/pods')));
  t.true(ofPods.length >= 8);
  for (const one of ofPods) t.regex(one, /[?&]fieldSelector=spec\.nodeName%3Dgw1(&|$)/);
});

test('the account of the watcher has the rights that the watcher and doctor use, and no others', async (t) => {
  await useExactly(t, 'ovn-k8s-watcher', async (api, signal) => {
    const { settings, ...access } = accessTo(api);
    const nb = Object.assign(new FakeNorthbound(), { close: () => undefined });
    addCluster(nb);
    addNode(nb, 'gw1', 1);
    const found = await findAccess({ ...access, systemIds: settings.read() });
    if (found === undefined) throw new Error('there is no API server');
    const cluster = new FollowedCluster(found, nb as unknown as Northbound, {
      settings,
      allowed: undefined,
      log: SILENT,
    });
    await readNode('gw1', { ...access, systemIds: settings.read() });
    return [cluster.run(signal)];
  });
});
