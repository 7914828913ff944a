import { unknown } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';

finds('databases', [
  [
    'no local database',
    { local: unknown('no db.sock') },
    'fail',
    /no db\.sock/,
    [
      'servers',
      'identity',
      'chassis',
      'encapsulation',
      'bridges',
      'mtu',
      'offloads',
      'ports',
      'addresses',
      'nodes',
      'services',
    ].map((check) => new RegExp(`^${check}: not checked: no db.sock`)),
  ],
  [
    'no northbound',
    { northbound: unknown('nb: refused') },
    'fail',
    /nb: refused/,
    [/^nodes: not checked: nb: refused/, /^services: not checked: nb: refused/],
  ],
  [
    'no southbound',
    { southbound: unknown('sb: refused') },
    'fail',
    /sb: refused/,
    ['identity', 'chassis', 'encapsulation'].map(
      (check) => new RegExp(`^${check}: not checked: sb: refused`),
    ),
  ],
  ['no API server', { kubernetes: unknown('GET /: no answer') }, 'fail', /GET/],
]);
