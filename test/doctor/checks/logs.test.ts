import test from 'ava';
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
  const logs = examine({ ...HEALTHY, ...logOf(known(old)) }).find(({ check }) => check === 'logs');
  t.deepEqual(
    logs?.findings.map(({ level }) => level),
    ['ok'],
  );
});
