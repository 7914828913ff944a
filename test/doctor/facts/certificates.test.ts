import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readCertificates } from '../../../src/doctor/facts/certificates.js';
import { makeCa, signedBy } from '../../ovsdb/pki.js';

test('a host knows whether its own certificate is of the CA of the servers', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'certificates-'));
  t.teardown(() => rm(dir, { recursive: true }));
  t.deepEqual(await readCertificates(dir), { northbound: undefined, southbound: undefined });
  const [hosts, servers] = await Promise.all([makeCa(dir, 'hosts'), makeCa(dir, 'servers')]);
  const own = await signedBy(hosts, dir, 'own');
  await copyFile(own.cert, join(dir, 'ovncontroller-cert.pem'));
  await copyFile(hosts.cert, join(dir, 'ovnnb-ca.cert'));
  await copyFile(servers.cert, join(dir, 'ovnsb-ca.cert'));
  t.deepEqual(await readCertificates(dir), { northbound: true, southbound: false });
  await writeFile(join(dir, 'ovnnb-ca.cert'), 'half a certifi');
  t.deepEqual(await readCertificates(dir), { northbound: undefined, southbound: false });
});
