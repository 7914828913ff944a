import test from 'ava';
import { parseOffloads } from '../../../src/doctor/facts/offloads.js';

test('the driver and the features that are on are read from the output of ethtool', (t) => {
  const features =
    'Features for eth0:\nrx-checksumming: on\ntx-checksumming: off\n\ttx-checksum-ipv4: off [fixed]\n';
  const { driver, on } = parseOffloads(
    'driver: veth\nversion: 1.0\n',
    `${features}large-receive-offload: on [fixed]\n`,
  );
  t.is(driver, 'veth');
  t.deepEqual([...on], ['rx-checksumming', 'large-receive-offload']);
});
