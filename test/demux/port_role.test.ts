import test from 'ava';
import { formatRole, NAMED_ROLES, portOf } from '../../src/demux/port_role.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { GATEWAY, PATCH, PHYS, port } from './sample.js';

test('each named role is formatted as the role of its own port', (t) => {
  for (const role of NAMED_ROLES) t.is(formatRole(portOf(role, GATEWAY) ?? 'NORMAL', GATEWAY), role);
  t.deepEqual(
    NAMED_ROLES.map((role) => portOf(role, GATEWAY)),
    [PHYS, LOCAL, PATCH],
  );
});

test('an output without a role is normal, or a port with its number', (t) => {
  t.is(formatRole('NORMAL', GATEWAY), 'normal');
  t.is(formatRole(port(9), GATEWAY), 'port 9');
  t.is(formatRole(PATCH, { ...GATEWAY, patch: undefined }), 'port 2');
});
