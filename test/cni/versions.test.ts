import test from 'ava';
import { formatVersions, isSupported, NEWEST, SUPPORTED } from '../../src/cni/versions.js';

test('VERSION is answered with the newest version and all supported ones', (t) => {
  t.deepEqual(JSON.parse(formatVersions()), {
    cniVersion: '1.0.0',
    supportedVersions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0'],
  });
  t.true(SUPPORTED.every(isSupported));
  t.is(SUPPORTED.indexOf(NEWEST), SUPPORTED.length - 1);
});

test('a version that only looks like a supported one is not', (t) => {
  for (const version of ['', '0.2.0', '1.0', '1.0.00', '1.1.0', 'constructor'])
    t.false(isSupported(version), version);
});
