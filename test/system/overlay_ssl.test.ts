import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Cluster } from '../../lab/cluster.js';
import type { Host } from '../../lab/host.js';
import { labTest } from '../../lab/lab_test.js';
import { startLoneNode } from '../../lab/lone_node.js';
import { bridgeNics, masterInit, overlay, overlayWell } from '../../lab/overlay.js';

let cluster: Cluster;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startLoneNode({ remote: 'ssl:127.0.0.1:6641', serverOptions: keyPairs });
  await bridgeNics(cluster);
});
test.after.always(() => cluster?.dispose());

labTest('the northbound database is reached over ssl:, and its CA is stored at first use', async (t) => {
  const { host } = cluster.master;
  const ca = join(host.dir, 'etc/openvswitch/ovnnb-ca.cert');
  t.false(existsSync(ca));
  t.is(await overlayWell(cluster.master, ...masterInit(cluster.master, 1)), 'Initialization complete.');
  t.is(readFileSync(ca, 'utf8').trim(), readFileSync(join(host.dir, 'pki/ca.pem'), 'utf8').trim());
  t.regex(await cluster.nbctl('lr-list'), /\(node\)/);
});

labTest('a server with a CA other than the stored one is refused', async (t) => {
  const { host } = cluster.master;
  await makeCa(host, 'other');
  await host.exec(['cp', join(host.dir, 'pki/other.pem'), join(host.dir, 'etc/openvswitch/ovnnb-ca.cert')]);
  const { exitCode, stderr } = await overlay(cluster.master, ...masterInit(cluster.master, 1), '--timeout=1');
  t.is(exitCode, 1);
  t.regex(stderr, /OVN_Northbound database at ssl:127\.0\.0\.1:6641.*certificate/);
});

/** Makes a CA and key pairs of the server and this host, in the files that OVN's tools and the product use. */
async function keyPairs(host: Host): Promise<string[]> {
  const pki = join(host.dir, 'pki');
  await mkdir(pki, { recursive: true });
  await makeCa(host, 'ca');
  const sysconf = join(host.dir, 'etc/openvswitch');
  await makePair(host, join(pki, 'server-key.pem'), join(pki, 'server-cert.pem'));
  await makePair(host, join(sysconf, 'ovncontroller-privkey.pem'), join(sysconf, 'ovncontroller-cert.pem'));
  return [
    '--remote=pssl:6641:127.0.0.1',
    `--private-key=${join(pki, 'server-key.pem')}`,
    `--certificate=${join(pki, 'server-cert.pem')}`,
    `--ca-cert=${join(pki, 'ca.pem')}`,
  ];
}

async function makeCa(host: Host, name: string): Promise<void> {
  const [key, certificate] = [join(host.dir, `pki/${name}-key.pem`), join(host.dir, `pki/${name}.pem`)];
  await host.exec([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate],
  ]);
}

async function makePair(host: Host, key: string, certificate: string): Promise<void> {
  const request = `${certificate}.csr`;
  const ca = (file: string) => join(host.dir, 'pki', file);
  await host.exec([
    ...['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=127.0.0.1', '-keyout', key, '-out', request],
  ]);
  await host.exec([
    ...['openssl', 'x509', '-req', '-days', '2', '-in', request, '-out', certificate],
    ...['-CA', ca('ca.pem'), '-CAkey', ca('ca-key.pem'), '-CAcreateserial'],
  ]);
}
