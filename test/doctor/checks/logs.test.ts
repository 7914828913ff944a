import test from 'ava';
import { logs } from '../../../src/doctor/checks/logs.js';
import { examine } from '../../../src/doctor/examine.js';
import type { Facts } from '../../../src/doctor/facts/facts.js';
import { known, unknown } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';
import { HEALTHY, NOW } from '../healthy.js';

const logOf = (errors: Facts['logs'][number]['errors']) => ({
  logs: [{ program: 'ovn-controller', path: '/log/ovn-controller.log', errors }],
});

finds('logs', [
  [
    'an error in a log',
    logOf(known([{ at: new Date(NOW.getTime() - 60_000), text: 'ofctrl: OpenFlow error' }])),
    'warn',
    /ovn-controller at 2026-11-25T11:59:00\.000Z: ofctrl: OpenFlow error/,
  ],
  [
    'a log that cannot be read',
    logOf(unknown('permission denied')),
    'warn',
    /not checked: permission denied/,
  ],
]);

test('an error of the day before yesterday is not reported', (t) => {
  const old = [{ at: new Date(NOW.getTime() - 48 * 3_600_000), text: 'x: y' }];
  const found = examine({ ...HEALTHY, ...logOf(known(old)) }).find(({ check }) => check === 'logs');
  t.deepEqual(
    found?.findings.map(({ level }) => level),
    ['ok'],
  );
});

test('an error of a NIC that was down is reported only while the NIC is down', (t) => {
  const errors = known([{ at: NOW, text: 'dpif_netdev: error receiving data from eth0: Network is down' }]);
  const facts = { ...HEALTHY, ...logOf(errors) };
  const levelsOf = (isUp: boolean) =>
    logs
      .run({ ...facts, links: known([{ name: 'eth0', mtu: 1500, isUp, addresses: [] }]) })
      .map(({ level }) => level);
  t.deepEqual(levelsOf(true), ['ok']);
  t.deepEqual(levelsOf(false), ['warn']);
});
