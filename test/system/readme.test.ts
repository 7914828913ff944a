import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Cluster, FAR, startCluster } from '../lab/cluster.js';
import { labTest } from '../lab/lab_test.js';
import { cable } from '../lab/link.js';
import { PROJECT } from '../lab/project.js';
import { until, when } from '../lab/until.js';
import { httpGet, startWebServer } from '../lab/web.js';

/** README's deployment, command by command on the hosts that it names, with a pod's way out where there is one. */
let cluster: Cluster;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['central', 'gw1', 'gw2'], isConfigured: false });
  const { host } = cluster.node('gw2');
  await cable({ in: host.net, name: 'eth1' }, { in: cluster.outside, name: 'gw2-1' });
  await cluster.outside.ip('link set gw2-1 master lan');
  await startWebServer(cluster.outside);
});
test.after.always(() => cluster?.dispose());

interface Step {
  readonly section: string;
  readonly host: string;
  readonly command: readonly string[];
}

labTest('every command of the deployment does what README says', async (t) => {
  const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
  const steps = deployment(readme);
  t.true(steps.length > 30, `${steps.length} commands`);
  for (const [index, { section, host, command }] of steps.entries()) {
    if (section === 'TLS' && host === 'gw1') copyKeyPair('central', 'gw1');
    if (section === 'Taking it down' && steps[index - 1]?.section !== section) {
      t.deepEqual(await waysOut(), WAYS_OUT);
    }
    const { exitCode, stdout, stderr } = await cluster
      .node(host)
      .host.operate([...command, ...elsewhere(host, command)]);
    t.is(exitCode, 0, `${host}# ${command.join(' ')}: ${stderr}`);
    t.log(`${host}# ${command.join(' ')}\n${stdout}`);
  }
  t.is((await cluster.nbctl('ls-list')) + (await cluster.nbctl('lr-list')), '');
});

/** The commands of each block marked ```sh HOST, in order. */
function deployment(readme: string): Step[] {
  return readme.split(/^### /m).flatMap((text) => {
    const section = text.slice(0, text.indexOf('\n'));
    return [...text.matchAll(/^```sh (\w+)\n([^`]*)```$/gm)].flatMap(([, host = '', block = '']) =>
      block
        .split('\n')
        .filter(Boolean)
        .map((line) => ({ section, host, command: line.split(/\s+/) })),
    );
  });
}

/** "Copy `gw1-privkey.pem` and `gw1-cert.pem` to `gw1`". */
function copyKeyPair(from: string, to: string): void {
  const at = (label: string, file: string) => join(cluster.node(label).host.dir, 'etc/openvswitch', file);
  for (const part of ['privkey.pem', 'cert.pem'])
    copyFileSync(at(from, `${to}-${part}`), at(to, `ovncontroller-${part}`));
}

/** Who a server outside sees of the pods of each host: `gw2` ramps the subnet of `central` out. */
const WAYS_OUT = { central: '203.0.113.22', gw1: '203.0.113.11', gw2: '203.0.113.22' };
const SUBNETS = { central: '10.244.1', gw1: '10.244.2', gw2: '10.244.3' };

async function waysOut(): Promise<Record<string, string | undefined>> {
  const ways: Record<string, string | undefined> = {};
  for (const [label, subnet] of Object.entries(SUBNETS)) {
    const pod = await cluster.pod(cluster.node(label), `pod-${label}`, {
      on: label,
      mac: `0a:58:0a:f4:0${subnet.at(-1)}:20`,
      addresses: [`${subnet}.32/24`],
      gateways: [`${subnet}.1`],
    });
    await cluster.settled();
    await until(`the pod on ${label} to reach the outside`, async () =>
      when((await pod.attempt(['ping', '-c1', '-W1', FAR.v4])).exitCode === 0),
    );
    ways[label] = /hello, (\S+)/.exec(await httpGet(pod, `http://${FAR.v4}/`))?.[1];
  }
  return ways;
}

/** The plugin's folders are the machine's own, which a lab must not write to. */
function elsewhere(label: string, command: readonly string[]): string[] {
  const { dir } = cluster.node(label).host;
  return /^minion-/.test(command[1] ?? '') ? [`--cni-conf-dir=${dir}/net.d`, `--cni-bin-dir=${dir}/cni`] : [];
}
