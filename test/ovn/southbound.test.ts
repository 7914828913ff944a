import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { southboundTls } from '../../src/ovn/southbound.js';

const REMOTES = 'tcp:203.0.113.9:6642,ssl:203.0.113.10:6642';
const ROW = { private_key: '/k', certificate: '/c', ca_cert: '/nonexistent/ca', bootstrap_ca_cert: true };
const dir = mkdtempSync(join(tmpdir(), 'southbound-'));
test.after.always(() => rmSync(dir, { recursive: true }));

test('a database without ssl: needs no files', (t) => {
  t.is(southboundTls('tcp:203.0.113.9:6642', { sysconf: dir, name: undefined }), undefined);
});

test('the files of the SSL row come before those of the sysconf directory, as in ovn-controller', (t) => {
  t.deepEqual(southboundTls(REMOTES, { sysconf: dir, name: 'sb', row: ROW }), {
    privateKey: '/k',
    certificate: '/c',
    ca: '/nonexistent/ca',
    serverName: 'sb',
  });
});

test('a CA that is not there is refused, unless the SSL row says to trust the first one', (t) => {
  const code = 'ERR_NO_TLS_FILES';
  const row = { ...ROW, bootstrap_ca_cert: false };
  t.throws(() => southboundTls(REMOTES, { sysconf: dir, name: undefined, row }), {
    ...{ code, message: /\/nonexistent\/ca does not exist; copy the CA's certificate there/ },
  });
  t.throws(() => southboundTls(REMOTES, { sysconf: '/nonexistent', name: undefined }), {
    ...{ code, message: /neither ovnsb-ca\.cert nor ovnnb-ca\.cert is in \/nonexistent/ },
  });
});

test("the southbound's CA comes before the northbound's", (t) => {
  for (const name of ['ovnnb-ca.cert', 'ovnsb-ca.cert']) {
    writeFileSync(join(dir, name), '');
    t.is(southboundTls(REMOTES, { sysconf: dir, name: undefined })?.ca, join(dir, name));
  }
});
