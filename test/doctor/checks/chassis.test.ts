import { known, unknown } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';
import { changed, HEALTHY } from '../healthy.js';

const { southbound } = HEALTHY;

finds('chassis', [
  ['no chassis', { southbound: changed(southbound, { chassis: [] }) }, 'fail', /has no Chassis gw1/],
  ['ovn-controller waits', { controllerConnection: known('not connected') }, 'fail', /is not connected/],
  ['no ovn-controller', { controllerConnection: unknown('no pidfile') }, 'warn', /not checked: no pidfile/],
]);
