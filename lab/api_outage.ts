import { join } from 'node:path';
import type { Node } from './cluster.js';
import { ACCOUNT_TOKENS, type Kubernetes } from './kube.js';
import { type KubeCluster, startKubeCluster, startWatcher } from './kube_cluster.js';
import { startKubePod } from './kube_pod.js';
import { endpointsManifest, serviceManifest } from './manifests.js';
import { initCluster, startGatewayHelper } from './overlay.js';
import { type ProbeReport, Probes } from './probes.js';
import { PROJECT } from './project.js';
import { Session, type SessionReport } from './session.js';
import { until, when } from './until.js';

/** The effects of an outage of the API server, after which the server has other objects. */
export interface OutageReport {
  /** A connection to an unchanged service, open during the whole outage. */
  readonly session: SessionReport;
  /** New conversations with that service. */
  readonly probes: ProbeReport;
  /** Milliseconds from the API server's first answer until the gateway's flows fit the server's services. */
  readonly flowsMs: number;
  /** The same for the gateway's load balancers in OVN. */
  readonly balancersMs: number;
  /** One line for each switch of the lab that crashed, a fault of Debian's OVS 3.1. */
  readonly crashes: readonly string[];
}

const SESSION_PORT = 7000;
const PROBE_PORT = 7001;
/** Node ports of the services that do not change: TCP for the session, UDP for the probes. */
const STEADY = { TCP: 30_001, UDP: 30_002 };
const FIRST = 30_100;
const PROBE_MS = 50;
const LAST_MS = 20_000;

/**
 * Stops the API server while it creates `services` services and while clients use another one. Changes objects that no
 * client can see, and starts the server again.
 * @param meanwhile runs during the outage, which lasts until this resolves
 */
export async function stopApiServer(
  services: number,
  meanwhile: (cluster: KubeCluster, gateway: Node) => Promise<void>,
): Promise<OutageReport> {
  const kube = await startKubeCluster({ nodes: ['master', 'gw1'] });
  const { cluster, kubernetes } = kube;
  const gateway = cluster.node('gw1');
  try {
    await setUp(kube, gateway);
    const session = await Session.join(cluster.outside, { address: gateway.v4, port: STEADY.TCP }, 40_000);
    const probes = await Probes.open(cluster.outside, gateway.v4, STEADY.UDP, PROBE_MS);

    const making = kubernetes.apply(...many(services)).catch(() => undefined);
    await until('a quarter of the services', async () =>
      when((await nodePorts(gateway)).size > services / 4),
    );
    await kubernetes.stopServer();
    await making;
    await kubernetes.startServer({ isHidden: true });
    const expected = await changeEverything(kubernetes, services);
    await kubernetes.stopServer();
    await meanwhile(kube, gateway);

    // The server answers before it is ready.
    const starting = kubernetes.startServer();
    await until(
      'an answer of the API server',
      () => kubernetes.kubectl('get', 'services').catch(() => undefined),
      LAST_MS,
    );
    const answered = performance.now();
    const after = (what: string, actual: () => Promise<Set<string>>) =>
      until(
        what,
        async () => (equal(await actual(), expected) ? performance.now() - answered : undefined),
        LAST_MS,
      );
    const [flowsMs, balancersMs] = await Promise.all([
      after("flows for the API server's services", () => nodePorts(gateway)),
      after("load balancers for the API server's services", () => balanced(kube, gateway)),
    ]);
    await starting;
    return {
      session: await session.close(),
      probes: await probes.close(),
      flowsMs,
      balancersMs,
      crashes: await cluster.crashes(),
    };
  } finally {
    cluster.dispose();
  }
}

async function setUp({ cluster, kubernetes }: KubeCluster, gateway: Node): Promise<void> {
  await initCluster(cluster, [gateway.host.label]);
  await kubernetes.kubectl('apply', '-f', join(PROJECT, 'packaging/kubernetes/rbac.yaml'));
  // Not an administrator's token: a server learns other accounts' rights some time after its first answer.
  for (const [{ host }, account] of [
    [cluster.master, 'ovn-k8s-watcher'],
    [gateway, 'ovn-k8s-node'],
  ] as const)
    await host.vsctl('set', 'Open_vSwitch', '.', `external_ids:k8s-api-token="${ACCOUNT_TOKENS[account]}"`);
  await startGatewayHelper(gateway);
  await startWatcher(cluster.master);
  const {
    net,
    addresses: [ip = ''],
  } = await startKubePod({ cluster, kubernetes }, gateway, 'steady');
  await Promise.all([Session.serve(net, SESSION_PORT), Probes.serve(net, PROBE_PORT)]);
  for (const [protocol, port] of [
    ['TCP', SESSION_PORT],
    ['UDP', PROBE_PORT],
  ] as const) {
    const name = `steady-${protocol.toLowerCase()}`;
    const ports = [{ port: 80, protocol, nodePort: STEADY[protocol] }];
    await kubernetes.apply(
      serviceManifest(name, { type: 'NodePort', ports }),
      endpointsManifest(name, { port, protocol }, [{ ip }]),
    );
  }
  await until('load balancers for both services', async () =>
    when((await balanced({ cluster, kubernetes }, gateway)).size === 2),
  );
  await cluster.settled();
}

function many(count: number): object[] {
  return Array.from({ length: count }, (_, i) => oneOfMany(i, FIRST + i));
}

function oneOfMany(i: number, nodePort: number): object {
  return serviceManifest(`many-${i}`, { type: 'NodePort', ports: [{ port: 80, nodePort }] });
}

/** Changes a port and a type, deletes one service, recreates another. Returns all node ports after that. */
async function changeEverything(kubernetes: Kubernetes, services: number): Promise<Set<string>> {
  await kubernetes.apply(...many(services)).catch(unlessPortIsLost);
  await kubernetes.kubectl('delete', 'service', 'many-0', 'many-1');
  await kubernetes.apply(
    oneOfMany(1, FIRST + services + 1),
    oneOfMany(2, FIRST + services + 2),
    serviceManifest('many-3', { type: 'ClusterIP', ports: [{ port: 80, nodePort: null }] }),
    serviceManifest('new', {
      type: 'NodePort',
      ports: [{ port: 80, protocol: 'UDP', nodePort: FIRST + services + 3 }],
    }),
  );
  const { items } = JSON.parse(await kubernetes.kubectl('get', 'services', '--output=json'));
  return new Set(
    items.flatMap(({ spec }: { spec: { ports: { protocol: string; nodePort?: number }[] } }) =>
      spec.ports.flatMap(({ protocol, nodePort }) =>
        nodePort === undefined ? [] : [`${protocol.toLowerCase()} ${nodePort}`],
      ),
    ),
  );
}

/**
 * Ignores the loss of one port: a server that was killed after it reserved a port and before it created the service
 * leaves that port allocated. kubectl has applied the other objects.
 */
function unlessPortIsLost(error: unknown): void {
  if (!String(error).includes('provided port is already allocated')) throw error;
}

/** Returns `tcp 30080` and the like, for each flow of a node port. */
async function nodePorts({ host }: Node): Promise<Set<string>> {
  const text = await host.ofctl('-O', 'OpenFlow14', '--no-names', '--no-stats', 'dump-flows', 'breth0');
  const found = text.matchAll(/,(tcp|udp),\S*nw_dst=\S*,tp_dst=(3\d{4}) /g);
  return new Set([...found].map(([, protocol, port]) => `${protocol} ${port}`));
}

/** Returns the same for each virtual address of the gateway in OVN. */
async function balanced({ cluster }: KubeCluster, { v4, host }: Node): Promise<Set<string>> {
  const columns = ['--format=csv', '--data=bare', '--no-headings', '--columns=name,vips'];
  const rows = (await cluster.nbctl(...columns, 'list', 'Load_Balancer')).split('\n');
  const own = rows.flatMap((row) => {
    const [, protocol = '', vips = ''] = new RegExp(`_(TCP|UDP)_GR_${host.label}"*,(.*)`).exec(row) ?? [];
    const ports = vips.matchAll(new RegExp(`${v4}:(3\\d{4})"*=`, 'g'));
    return [...ports].map(([, port]) => `${protocol.toLowerCase()} ${port}`);
  });
  return new Set(own);
}

function equal(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
