import test from 'ava';
import { findAccess } from '../../src/kube/access.js';

test('the same server and credentials are one way in, others another', async (t) => {
  const told = {
    'k8s-api-server': 'https://192.0.2.1:6443',
    'k8s-api-token': 'old',
    'k8s-ca-certificate': 'one',
  };
  const fingerprintOf = async (ids: Readonly<Record<string, string>>) =>
    (await findAccess({ systemIds: new Map(Object.entries(ids)), sysconf: '/nonexistent', env: {} }))
      ?.fingerprint;
  const before = await fingerprintOf(told);
  t.is(await fingerprintOf({ ...told }), before);
  for (const other of [
    { 'k8s-api-server': 'https://192.0.2.2:6443' },
    { 'k8s-api-token': 'new' },
    { 'k8s-ca-certificate': 'two' },
  ])
    t.not(await fingerprintOf({ ...told, ...other }), before);
  t.false(before?.includes('old'));
});
