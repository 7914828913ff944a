import { readdirSync } from 'node:fs';
import test from 'ava';
import { openGroupSocket } from '../../src/neighbour/group_socket.js';

test('a socket that cannot be opened, as on a host without IPv6, leaves no descriptor behind', async (t) => {
  const open = () => readdirSync('/proc/self/fd').length;
  const attempt = () => t.throwsAsync(openGroupSocket('lo', '2001:db8::1'), { code: 'EADDRNOTAVAIL' });
  await attempt();
  const before = open();
  for (let i = 0; i < 20; i++) await attempt();
  t.true(open() < before + 20);
});
