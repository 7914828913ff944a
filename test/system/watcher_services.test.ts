import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import { bridgeNics, gatewayInit, masterInit, minionInit, overlayWell } from '../../lab/overlay.js';
import type { Running } from '../../lab/running.js';
import { until, when } from '../../lab/until.js';

/** Services of a real API server become load balancers of a real OVN. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let watcher: Running;
let master: Node;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1', 'gw2'] }));
  await bridgeNics(cluster);
  master = cluster.master;
  await overlayWell(master, ...masterInit(master, 1));
  await nodeUp('gw1', 2);
  watcher = await startWatcher(master);
});
test.after.always(() => cluster?.dispose());

const POD = { one: { ip: '10.244.2.5', node: 'gw1' }, two: { ip: '10.244.3.5', node: 'gw2' } };
const BOTH = '10.244.2.5:8080,10.244.3.5:8080';
const WEB = {
  type: 'NodePort',
  clusterIP: '10.96.0.10',
  externalIPs: ['198.51.100.80'],
  ports: [{ name: 'http', port: 80, targetPort: 'web', nodePort: 30_080 }],
};

kubeTest('a NodePort service has load balancers in the cluster and on the gateway', async (t) => {
  await kubernetes.apply(
    serviceManifest('web', WEB),
    endpointsManifest('web', { name: 'http', port: 8080 }, [
      POD.one,
      POD.two,
      { ip: '10.244.3.6', isReady: false },
    ]),
  );
  await vip('198.51.100.80:80');
  t.deepEqual(await vips(), {
    'cluster tcp 10.96.0.10:80': BOTH,
    'cluster tcp 203.0.113.11:30080': BOTH,
    'cluster tcp 198.51.100.80:80': BOTH,
    'GR_gw1 tcp 203.0.113.11:30080': BOTH,
    'GR_gw1 tcp 198.51.100.80:80': BOTH,
  });
});

kubeTest(
  'a new gateway gets load balancers of its own; external addresses stay with the first gateway',
  async (t) => {
    await nodeUp('gw2', 3);
    await vip('203.0.113.12:30080');
    t.like(await vips(), {
      'cluster tcp 203.0.113.12:30080': BOTH,
      'GR_gw2 tcp 203.0.113.12:30080': BOTH,
      'GR_gw1 tcp 198.51.100.80:80': BOTH,
      'GR_gw2 tcp 198.51.100.80:80': undefined,
    });
  },
);

kubeTest('load balancers follow changes of ports, type, addresses and endpoints', async (t) => {
  await kubernetes.apply(
    serviceManifest('web', { ...WEB, externalIPs: [], ports: [{ ...WEB.ports[0], nodePort: 30_081 }] }),
  );
  await vip('203.0.113.12:30081');
  t.false(Object.keys(await vips()).some((key) => /30080|198\.51/.test(key)));
  await kubernetes.apply(endpointsManifest('web', { name: 'http', port: 8080 }, [POD.two]));
  await until('one endpoint', async () =>
    when((await vips())['cluster tcp 10.96.0.10:80'] === '10.244.3.5:8080'),
  );
  await kubernetes.apply(endpointsManifest('web', { name: 'http', port: 8080 }, []));
  await until('no endpoint', async () => when((await vips())['cluster tcp 10.96.0.10:80'] === ''));
  await kubernetes.apply(endpointsManifest('web', { name: 'http', port: 8080 }, [POD.one, POD.two]));
  await kubernetes.apply(
    serviceManifest('web', { ...WEB, type: 'ClusterIP', ports: [{ name: 'http', port: 81 }] }),
  );
  await vip('10.96.0.10:81');
  t.deepEqual(await vips(), {
    'cluster tcp 10.96.0.10:81': BOTH,
    'cluster tcp 198.51.100.80:81': BOTH,
    'GR_gw1 tcp 198.51.100.80:81': BOTH,
  });
});

kubeTest(
  'UDP and SCTP have load balancers of their own; headless services and aliases have none',
  async (t) => {
    await kubernetes.apply(
      serviceManifest('dns', {
        clusterIP: '10.96.0.11',
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'signal', port: 99, protocol: 'SCTP' },
        ],
      }),
      serviceManifest('headless', { clusterIP: 'None', ports: [{ port: 80 }] }),
      serviceManifest('alias', { type: 'ExternalName', externalName: 'example.com' }),
    );
    await vip('10.96.0.11:99');
    const all = await vips();
    t.deepEqual(
      Object.keys(all).filter((key) => !key.includes(' tcp ')),
      ['cluster udp 10.96.0.11:53', 'cluster sctp 10.96.0.11:99'].sort(),
    );
    t.is(Object.keys(all).length, 5);
  },
);

kubeTest(
  'a service with affinity or policy Local has rows of its own, on every switch or on one router',
  async (t) => {
    await kubernetes.apply(
      serviceManifest('sticky', {
        clusterIP: '10.96.0.12',
        sessionAffinity: 'ClientIP',
        ports: [{ port: 80 }],
      }),
      serviceManifest('local', {
        type: 'NodePort',
        clusterIP: '10.96.0.13',
        externalTrafficPolicy: 'Local',
        ports: [{ port: 80, nodePort: 30_090 }],
      }),
      endpointsManifest('local', { port: 8080 }, [POD.one, POD.two]),
    );
    await vip('10.96.0.12:80');
    const all = await until('the endpoints', async () => {
      const found = await vips();
      return found['GR_gw2 tcp 203.0.113.12:30090'] === '10.244.3.5:8080' ? found : undefined;
    });
    t.like(all, {
      'cluster tcp 203.0.113.12:30090': BOTH,
      'GR_gw1 tcp 203.0.113.11:30090': '10.244.2.5:8080',
    });
    t.is(await hashOf('10.96.0.12:80'), 'ip_src');
    await kubernetes.apply(
      serviceManifest('sticky', { clusterIP: '10.96.0.12', sessionAffinity: 'None', ports: [{ port: 80 }] }),
    );
    await until('a row without affinity', async () => when((await hashOf('10.96.0.12:80')) === ''));
  },
);

kubeTest("a new node gets the services' rows", async (t) => {
  await kubernetes.apply(
    serviceManifest('sticky', {
      clusterIP: '10.96.0.12',
      sessionAffinity: 'ClientIP',
      ports: [{ port: 80 }],
    }),
  );
  await until('a row of its own again', async () => when((await hashOf('10.96.0.12:80')) === 'ip_src'));
  await overlayWell(cluster.node('gw2'), 'gateway-deinit', '--node-name=gw2');
  await overlayWell(cluster.node('gw2'), 'minion-deinit', '--node-name=gw2', ...cni('gw2'));
  await until("the gateway's rows to be deleted", async () =>
    when(!Object.keys(await vips()).some((key) => key.includes('203.0.113.12'))),
  );
  await nodeUp('gw2', 3);
  await until('both switches to have the same load balancers', async () => {
    const [one, two] = await Promise.all([switchBalancers('gw1'), switchBalancers('gw2')]);
    return when(one === two);
  });
  await vip('203.0.113.12:30090');
  t.like(await vips(), {
    'cluster tcp 10.96.0.12:80': '',
    'GR_gw2 tcp 203.0.113.12:30090': '10.244.3.5:8080',
  });
});

kubeTest("a gateway that was recreated while the watcher was away gets the services' rows", async (t) => {
  const gw2 = cluster.node('gw2');
  const ofGw2 = async () => Object.keys(await vips()).filter((key) => key.startsWith('GR_gw2 '));
  const before = await ofGw2();
  t.true(before.some((key) => key.endsWith(':30090')));
  await watcher.stop();
  const row = await ownRowOf('gw2');
  await cluster.nbctl('remove', 'Load_Balancer_Group', 'GR_gw2', 'load_balancer', row);
  watcher = await startWatcher(master);
  await until('its row in the group again', async () =>
    when((await balancersOf('Logical_Router', 'GR_gw2')).includes(row)),
  );
  await watcher.stop();
  await overlayWell(gw2, 'gateway-deinit', '--node-name=gw2');
  t.is(await ownRowOf('gw2'), '');
  await overlayWell(gw2, ...gatewayInit(gw2));
  watcher = await startWatcher(master);
  await until('the same as before', async () => when((await ofGw2()).join() === before.join()));
});

kubeTest('the older of two services with one address gets it, and the younger one is reported', async (t) => {
  await kubernetes.apply(
    serviceManifest('first', {
      clusterIP: '10.96.0.20',
      externalIPs: ['198.51.100.90'],
      ports: [{ port: 80 }],
    }),
  );
  await vip('198.51.100.90:80');
  // Creation times are in whole seconds. Equal times would make the names decide.
  await kubernetes.apply(
    serviceManifest('zsecond', {
      clusterIP: '10.96.0.21',
      externalIPs: ['198.51.100.90'],
      ports: [{ port: 80 }],
    }),
  );
  await watcher.says(
    /WARN\|Service default\/zsecond: tcp 198\.51\.100\.90:80 belongs to Service default\/first/,
  );
  await vip('10.96.0.21:80');
  await kubernetes.kubectl('delete', 'service', 'first');
  await until('the conflict to be over', async () => when(!/zsecond/.test(await status())));
  t.truthy((await vips())['GR_gw1 tcp 198.51.100.90:80'] !== undefined);
});

kubeTest(
  'load balancers stay while the API server is away; changes are applied within 2 s after it',
  async (t) => {
    const before = await vips();
    await kubernetes.stopServer();
    await until('the watcher to report it', async () => when(/no answer|broke off/.test(await status())));
    t.deepEqual(await vips(), before);
    await kubernetes.startServer();
    const answered = performance.now();
    await kubernetes.apply(serviceManifest('late', { clusterIP: '10.96.0.30', ports: [{ port: 80 }] }));
    await vip('10.96.0.30:80');
    t.log(`${(performance.now() - answered).toFixed(0)} ms after the API server was ready again`);
    for (const [key, targets] of Object.entries(before)) t.is((await vips())[key], targets, key);
  },
);

kubeTest(
  'a restarted watcher deletes rows of deleted services, and writes nothing if all is right',
  async (t) => {
    await watcher.stop();
    await kubernetes.kubectl('delete', 'service', 'late', 'sticky', 'local');
    watcher = await startWatcher(master);
    await until('they are gone', async () =>
      when(!Object.keys(await vips()).some((key) => /0\.30|0\.12|30090/.test(key))),
    );
    await watcher.stop();
    watcher = await startWatcher(master);
    await until('a look', async () => when(/looks +[1-9]/.test((await status()).replaceAll(':', ''))));
    t.regex(await status(), /transactions 0, failures 0/);
  },
);

/** Sets up a node and its gateway. */
async function nodeUp(label: string, n: number): Promise<void> {
  const node = cluster.node(label);
  await overlayWell(node, ...minionInit(node, n));
  await overlayWell(node, ...gatewayInit(node));
}

function cni(label: string): readonly string[] {
  return minionInit(cluster.node(label), 0).filter((option) => option.startsWith('--cni-'));
}

const API_SERVER = 'cluster tcp 10.96.0.1:443';

/**
 * Returns the targets of each virtual address, by `cluster tcp IP:PORT` or `GR_gw1 tcp IP:PORT`. The API server's own
 * service is left out.
 */
async function vips(): Promise<Record<string, string>> {
  const places = new Map([
    ...(await balancersOf('Logical_Switch', 'gw1')).map((uuid) => [uuid, 'cluster'] as const),
    ...(await balancersOf('Logical_Router', 'GR_gw1')).map((uuid) => [uuid, 'GR_gw1'] as const),
    ...(await balancersOf('Logical_Router', 'GR_gw2')).map((uuid) => [uuid, 'GR_gw2'] as const),
  ]);
  const found = (await list('Load_Balancer', ['_uuid', 'protocol', 'vips'])).flatMap(
    ([uuid, protocol, map]) =>
      pairs(map).map(
        ([address, targets]) => [`${places.get(only(uuid))} ${protocol} ${address}`, targets] as const,
      ),
  );
  return Object.fromEntries(found.filter(([key]) => key !== API_SERVER).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function vip(address: string): Promise<void> {
  await until(`virtual address ${address}`, async () =>
    when(Object.keys(await vips()).some((key) => key.endsWith(` ${address}`))),
  );
}

async function balancersOf(table: string, name: string): Promise<string[]> {
  const [row] = await list(table, ['load_balancer', 'load_balancer_group'], `name=${name}`);
  const groups = new Map(
    (await list('Load_Balancer_Group', ['_uuid', 'load_balancer'])).map(
      ([uuid, rows]) => [only(uuid), uuids(rows)] as const,
    ),
  );
  return row === undefined
    ? []
    : [...uuids(row[0]), ...uuids(row[1]).flatMap((one) => groups.get(one) ?? [])];
}

/** Returns the `_uuid` of a service's row on one gateway. */
async function ownRowOf(node: string): Promise<string> {
  const rows = await list('Load_Balancer', ['_uuid', 'external_ids']);
  const found = rows.find(([, ids]) =>
    pairs(ids).some(([key, text]) => key === 'k8s-balancer' && text.startsWith(`["${node}",`)),
  );
  return found === undefined ? '' : only(found[0]);
}

async function switchBalancers(name: string): Promise<string> {
  return (await balancersOf('Logical_Switch', name)).sort().join();
}

/** Returns by what OVN chooses at this virtual address; empty without affinity. */
async function hashOf(address: string): Promise<string> {
  const rows = await list('Load_Balancer', ['_uuid', 'vips', 'selection_fields']);
  const found = rows.filter(([, map]) => pairs(map).some(([key]) => key === address));
  return found.map(([, , fields]) => (typeof fields === 'string' ? fields : '')).join();
}

type Wire = unknown;

async function list(
  table: string,
  columns: readonly string[],
  ...where: readonly string[]
): Promise<Wire[][]> {
  const text = await cluster.nbctl('--format=json', `--columns=${columns.join()}`, 'find', table, ...where);
  const { headings, data } = JSON.parse(text) as { headings: string[]; data: Wire[][] };
  return data.map((row) => columns.map((column) => row[headings.indexOf(column)]));
}

function pairs(map: Wire): [string, string][] {
  return (map as [string, [string, string][]] | undefined)?.[1] ?? [];
}

/** Returns the uuids of a column that holds one uuid or a set. */
function uuids(value: Wire): string[] {
  const [kind, content] = value as [string, Wire];
  return kind === 'uuid' ? [String(content)] : (content as Wire[]).flatMap(uuids);
}

function only(value: Wire): string {
  return uuids(value)[0] ?? '';
}

function status(): Promise<string> {
  return master.host.appctl('-t', 'ovn-k8s-watcher', 'status');
}
