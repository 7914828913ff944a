import { SILENT } from '../../src/daemon/log.js';
import { Memo } from '../../src/daemon/memo.js';
import { Problems } from '../../src/daemon/problems.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import type { Endpoint } from '../../src/kube/endpoint_index.js';
import { ANNOTATION, type Pod, type Service } from '../../src/kube/kinds.js';
import type { Claim } from '../../src/net/claims.js';
import { NorthboundKeeper, type NorthboundKeeperOptions } from '../../src/watcher/northbound_keeper.js';
import { NorthboundSource } from '../../src/watcher/sources/northbound.js';
import { Changes } from '../../src/watcher/state_changes.js';
import { addCluster, addGateway, addNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

export const ANNOTATED = JSON.stringify({
  ip_address: '10.244.1.2/24',
  mac_address: '0a:58:0a:f4:01:02',
  gateway_ip: '10.244.1.1',
});

/** The keeper of a cluster with node `gw1` and its gateway, and objects of the API server that a test sets. */
export function start(
  more: Pick<NorthboundKeeperOptions, 'turns' | 'vipsAtOnce'> = {},
  nb = new FakeNorthbound(),
  signal = new AbortController().signal,
) {
  const pods = new Map<string, Pod>();
  const services = new Map<string, Service>();
  const endpoints = new Map<string, Endpoint[]>();
  const synced = { pods: true, services: true, endpoints: true, nodes: true };
  const annotations = new Map<string, string>();
  const problems = new Problems(SILENT);
  const rung = { times: 0 };
  const changes = new Changes(() => {
    rung.times++;
  });
  const world: { claims: readonly Claim[] | undefined; zones: ReadonlyMap<string, string> } = {
    claims: [],
    zones: new Map(),
  };
  const said = new Map<string, readonly string[]>();
  const guards = new Memo(
    (claims: readonly Claim[], rows: readonly Claim[]) =>
      new AddressGuard({ claims: [...claims, ...rows], allowed: undefined }),
  );
  const northbound = new NorthboundSource(nb, changes);
  void northbound.run(signal);
  const keeper = new NorthboundKeeper({
    ...more,
    nb,
    pods: {
      objects: pods,
      get hasSynced() {
        return synced.pods;
      },
    },
    services: {
      objects: services,
      get hasSynced() {
        return synced.services;
      },
    },
    endpoints: {
      of: (key) => endpoints.get(key) ?? [],
      servicesAt: (ips) =>
        new Set([...endpoints].flatMap(([key, all]) => (all.some(({ ip }) => ips.has(ip)) ? [key] : []))),
      get hasSynced() {
        return synced.endpoints;
      },
    },
    ports: northbound.ports,
    balancers: northbound.balancers,
    changes,
    guard: { guard: ({ nodes, rows }) => nodes && rows && guards.get(nodes, rows) },
    nodes: {
      get hasSynced() {
        return world.claims !== undefined;
      },
      get isPending() {
        return !synced.nodes;
      },
      get claims() {
        return world.claims ?? [];
      },
      get zones() {
        return world.zones;
      },
    },
    events: { say: (owner, { service }, texts) => said.set(`${service} ${owner}`, texts) },
    annotator: {
      want: (key, { uid, text }) => annotations.set(key, `${uid} ${text}`),
      forget: (key) => annotations.delete(key),
    },
    problems,
  });
  const setPod = (name: string, annotation?: string, ip?: string) => {
    const annotated = annotation === undefined ? {} : { annotations: { [ANNOTATION]: annotation } };
    pods.set(`ns/${name}`, {
      metadata: { namespace: 'ns', name, uid: `uid-${name}`, ...annotated },
      spec: { nodeName: 'gw1' },
      ...(ip === undefined ? {} : { status: { podIPs: [{ ip }] } }),
    });
    changes.markPod(`ns/${name}`);
  };
  const setService = (name: string, ip: string, seconds = 0, port = 80) => {
    services.set(`ns/${name}`, {
      metadata: { namespace: 'ns', name, creationTimestamp: new Date(seconds * 1000).toISOString() },
      spec: {
        clusterIP: 'None',
        externalIPs: [ip],
        type: 'NodePort',
        ports: [{ port, protocol: 'TCP', nodePort: 30_000 + port }],
      },
    });
    changes.markService(`ns/${name}`);
  };
  const ports = () => nb.filter('Logical_Switch_Port', () => true).map(({ name }) => name);
  const vipRows = () => nb.filter('Load_Balancer', () => true).flatMap(({ vips }) => [...vips.keys()]);
  const vips = () => [...new Set(vipRows())];
  return {
    ...{ world, nb, pods, services, endpoints, synced, annotations, problems, rung, changes, keeper },
    ...{ setPod, setService, ports, vips, vipRows, said },
  };
}

/** The same with a cluster in the database. */
export function startInCluster() {
  const started = start();
  addCluster(started.nb);
  addNode(started.nb, 'gw1', 1);
  addGateway(started.nb, 'gw1', 1, true);
  return started;
}
