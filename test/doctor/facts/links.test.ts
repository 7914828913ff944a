import test from 'ava';
import { parseLinks } from '../../../src/doctor/facts/links.js';

test('links are read with their addresses; empty objects are skipped', (t) => {
  const json = `[{},{"ifname":"eth0","mtu":1500,"flags":["BROADCAST","UP"],"addr_info":[{"local":"192.0.2.1"}]},
    {"ifname":"eth1","mtu":9000,"flags":["BROADCAST"]}]`;
  t.deepEqual(
    parseLinks(json).map(({ name, mtu, isUp, addresses }) => [name, mtu, isUp, addresses.join()]),
    [
      ['eth0', 1500, true, '192.0.2.1'],
      ['eth1', 9000, false, ''],
    ],
  );
});
