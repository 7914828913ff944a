// Several sandboxes of one pod name, on real OVN. The test writes the pods' ports itself, as the watcher does.
import test, { type ExecutionContext } from 'ava';
import { type Cluster, type Node, startCluster } from '../../lab/cluster.js';
import { CniPlugin, makeSandbox, type Sandbox } from '../../lab/cni.js';
import { labTest } from '../../lab/lab_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { gatewayInit, initCluster, overlayWell, startGatewayHelper } from '../../lab/overlay.js';
import { until, when } from '../../lab/until.js';

const OLD = '9b2f1f0a-8a55-4f5e-9d0e-0d7a3d0c9f11';
const NEW = '0c0ffee0-8a55-4f5e-9d0e-0d7a3d0c9f11';
const GATEWAYS = ['10.244.2.1', 'fd00:10:244:2::1'];

let cluster: Cluster;
let gw1: Node;
let gw2: Node;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['master', 'gw1', 'gw2'] });
  gw1 = cluster.node('gw1');
  gw2 = cluster.node('gw2');
  await initCluster(cluster);
});
test.after.always(() => cluster?.dispose());

labTest('a pod that was made again on the same node has the port; a late DEL takes nothing', async (t) => {
  await writePort(gw1, 2, 'web', 10, OLD);
  const old = await boxOf('web', OLD, 'web-1');
  const plugin = new CniPlugin(gw1.host);
  await plugin.add(old);
  await reaches(t, old.net, GATEWAYS);
  await writePort(gw1, 2, 'web', 10, NEW);
  const fresh = await boxOf('web', NEW, 'web-2');
  await plugin.add(fresh);
  await reaches(t, fresh.net, GATEWAYS);
  const late = await plugin.run('ADD', old, { config: { timeout: 1 } });
  t.regex(late.stdout, new RegExp(`of the pod with UID ${NEW}, and the runtime asks for UID ${OLD}`));
  await reaches(t, fresh.net, GATEWAYS);
  t.is((await plugin.run('DEL', old)).exitCode, 0);
  await reaches(t, fresh.net, GATEWAYS);
  t.is(await chassisOf('default_web'), 'gw1');
  await plugin.run('DEL', fresh);
});

labTest(
  'a pod that was made again on another node has the port, and the old sandbox is cut off',
  async (t) => {
    await writePort(gw1, 2, 'moved', 11, OLD);
    const old = await boxOf('moved', OLD, 'moved-1');
    await new CniPlugin(gw1.host).add(old);
    t.is(await chassisOf('default_moved'), 'gw1');
    await writePort(gw2, 3, 'moved', 11, NEW);
    await cluster.settled();
    t.is((await old.net.attempt(['ping', '-c1', '-W1', '-q', '10.244.2.1'])).exitCode, 1);
    const fresh = await boxOf('moved', NEW, 'moved-2');
    const { ips } = await new CniPlugin(gw2.host).add(fresh);
    t.deepEqual(
      ips.map(({ address }) => address),
      ['10.244.3.11/24', 'fd00:10:244:3::11/64'],
    );
    await reaches(t, fresh.net, ['10.244.3.1', 'fd00:10:244:3::1']);
    // The stale sandbox asks again, and keeps its interface: neither moves the port.
    const again = { ...old, containerId: 'again', uid: OLD };
    t.is((await new CniPlugin(gw1.host).run('ADD', again, { config: { timeout: 1 } })).exitCode, 1);
    t.is(await chassisOf('default_moved'), 'gw2');
    t.is((await new CniPlugin(gw1.host).run('DEL', old)).exitCode, 0);
    await reaches(t, fresh.net, ['10.244.3.1', 'fd00:10:244:3::1']);
  },
);

labTest('a restarted sandbox of the same pod has the port, also when both ADDs run at once', async (t) => {
  await writePort(gw1, 2, 'twice', 12, OLD);
  const plugin = new CniPlugin(gw1.host);
  const boxes = [await boxOf('twice', OLD, 'twice-1'), await boxOf('twice', OLD, 'twice-2')];
  const outcomes = await Promise.all(boxes.map((box) => plugin.run('ADD', box)));
  const [holder = ''] = (await interfacesOf(gw1, 'default_twice')).split('\n');
  const winner = outcomes.findIndex(
    ({ exitCode, stdout }) => exitCode === 0 && stdout.includes(`"${holder}"`),
  );
  const [won, lost] = [boxes[winner], boxes[1 - winner]];
  if (won === undefined || lost === undefined) return t.fail(JSON.stringify(outcomes));
  await reaches(t, won.net, GATEWAYS);
  t.is((await plugin.run('DEL', lost)).exitCode, 0);
  await reaches(t, won.net, GATEWAYS);
});

labTest('a pod named like a gateway does not take the port of its patch', async (t) => {
  await overlayWell(gw2, ...gatewayInit(gw2));
  await startGatewayHelper(gw2);
  const before = 'k8s-patch-br-int-breth0';
  await until('the patch', async () => when((await interfacesOf(gw2, 'breth0_gw2')) === before));
  const box = { ...(await makeSandbox(cluster.lab, 'like-gw2')), uid: OLD };
  const args = `K8S_POD_NAMESPACE=breth0;K8S_POD_NAME=gw2;K8S_POD_UID=${OLD}`;
  const { exitCode, stdout } = await new CniPlugin(gw2.host).run('ADD', box, { env: { CNI_ARGS: args } });
  t.is(exitCode, 1);
  t.regex(
    stdout,
    /interface k8s-patch-br-int-breth0 has iface-id breth0_gw2, and the plugin did not make it/,
  );
  t.is(await interfacesOf(gw2, 'breth0_gw2'), before);
  // On a node without the patch, the port is there and is not a pod's.
  const other = await new CniPlugin(gw1.host).run('ADD', box, {
    env: { CNI_ARGS: args },
    config: { timeout: 1 },
  });
  t.regex(other.stdout, /logical port breth0_gw2 is not a pod's/);
  t.is(await interfacesOf(gw1, 'breth0_gw2'), '');
});

/** Writes the logical port of a pod, in place of one that it has already, and waits until northd has read it. */
async function writePort(node: Node, n: number, pod: string, index: number, uid: string): Promise<void> {
  const name = `default_${pod}`;
  const mac = `0a:58:0a:f4:0${n}:${index}`;
  const [v4, v6] = [`10.244.${n}.${index}`, `fd00:10:244:${n}::${index}`];
  const ids = {
    ...{ pod: 'true', namespace: 'default', 'pod-uid': uid },
    ...{ ip_address: `${v4}/24,${v6}/64`, mac_address: mac },
    gateway_ip: `10.244.${n}.1,fd00:10:244:${n}::1`,
  };
  await cluster.nbctl('--if-exists', 'lsp-del', name);
  await cluster.nbctl(
    ...['lsp-add', node.host.label, name],
    ...['--', 'lsp-set-addresses', name, `${mac} ${v4} ${v6}`],
    ...['--', 'set', 'Logical_Switch_Port', name, `options:iface-id-ver=${uid}`],
    ...Object.entries(ids).map(([key, value]) => `external_ids:${key}="${value}"`),
  );
}

async function boxOf(
  pod: string,
  uid: string,
  label: string,
): Promise<Sandbox & { readonly net: Namespace }> {
  return { ...(await makeSandbox(cluster.lab, label)), pod, uid };
}

/** ADD has returned, so the pod's first packets must pass. */
async function reaches(t: ExecutionContext, net: Namespace, addresses: readonly string[]): Promise<void> {
  for (const address of addresses)
    t.is((await net.attempt(['ping', '-c1', '-W1', '-q', address])).exitCode, 0, address);
}

async function chassisOf(port: string): Promise<string> {
  await cluster.settled();
  const sbctl = (...args: string[]) => cluster.master.host.exec(['ovn-sbctl', '--bare', ...args]);
  const chassis = await sbctl('--columns=chassis', 'find', 'Port_Binding', `logical_port=${port}`);
  return chassis === '' ? '' : sbctl('--columns=name', 'list', 'Chassis', chassis);
}

/** Returns the names of the interfaces with an iface-id, a line each. */
function interfacesOf({ host }: Node, port: string): Promise<string> {
  return host.vsctl('--bare', '--columns=name', 'find', 'Interface', `external_ids:iface-id=${port}`);
}
