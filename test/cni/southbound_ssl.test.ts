import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CniError, CODES } from '../../src/cni/errors.js';
import { freePort } from '../ovsdb/free_port.js';
import { makeCa, signedBy } from '../ovsdb/pki.js';
import { TestNode } from './test_node.js';

test("ADD reaches an ssl: database with ovn-controller's files, of the folder or of the SSL row", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'cni-ssl-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const [ours, theirs] = await Promise.all([makeCa(directory, 'ours'), makeCa(directory, 'theirs')]);
  const [server, client, stranger] = await Promise.all([
    signedBy(ours, directory, 'server'),
    signedBy(ours, directory, 'client'),
    signedBy(theirs, directory, 'stranger'),
  ]);
  const tls = [`--private-key=${server.key}`, `--certificate=${server.cert}`, `--ca-cert=${ours.cert}`];
  const port = await freePort();
  const node = await TestNode.start(t, { southboundArgs: [`--remote=pssl:${port}:127.0.0.1`, ...tls] });
  node.playController();
  const remote = `ssl:127.0.0.1:${port}`;
  await node.vsctl('set', 'Open_vSwitch', '.', `external_ids:ovn-remote="${remote}"`);
  const sysconf = join(directory, 'openvswitch');
  await mkdir(sysconf);
  await copyFile(client.key, join(sysconf, 'ovncontroller-privkey.pem'));
  await copyFile(client.cert, join(sysconf, 'ovncontroller-cert.pem'));
  const env = { OVS_SYSCONFDIR: directory };

  const error = await t.throwsAsync<CniError>(node.call(env), {
    instanceOf: CniError,
    message: /neither ovnsb-ca\.cert nor ovnnb-ca\.cert is in /,
  });
  t.is(error?.number, CODES.invalidConfiguration);
  await copyFile(ours.cert, join(sysconf, 'ovnsb-ca.cert'));
  t.regex(await node.call(env), /10\.244\.2\.5\/24/);

  await node.vsctl('set-ssl', client.key, client.cert, ours.cert);
  t.regex(
    await node.call({ ...env, CNI_CONTAINERID: 'box2', CNI_NETNS: '/run/netns/box2' }),
    /10\.244\.2\.5/,
  );
  await node.vsctl('set-ssl', stranger.key, stranger.cert, theirs.cert);
  await t.throwsAsync(
    node.call({ ...env, CNI_CONTAINERID: 'box3', CNI_NETNS: '/run/netns/box3' }, { timeout: 1 }),
    {
      message: /is not signed by the CA in .*theirs-cert\.pem/,
    },
  );
});
