// Runs alone in a network namespace: gives it a port among 10,000 routes of another interface, and prints what reading
// the port cost, beside reading a whole snapshot.
import { resourceUsage } from 'node:process';
import { execa } from 'execa';
import { readInterface, readSnapshot } from '../../src/host/read_snapshot.js';

const ROUTES = 10_000;
const TIMES = 5;

const routes = Array.from(
  { length: ROUTES },
  (_, i) => `route add 172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}/32 via 192.0.2.2`,
);
const input = [
  'link add port type veth peer name far',
  // No address of the kernel's own is tentative at one reading and not at the next.
  'link set port addrgenmode none',
  'link add nic type veth peer name outside',
  ...['port', 'far', 'nic', 'outside'].map((name) => `link set ${name} up`),
  'addr add 10.244.1.2/24 dev port',
  'addr add 2001:db8::2/64 dev port nodad',
  'addr add 192.0.2.1/24 dev nic',
  'route add 10.96.0.0/16 via 10.244.1.1 dev port',
  'route add default via 10.244.1.1 dev port table 6400',
  'route add 2001:db8:1::/64 via 2001:db8::1 dev port',
  ...routes,
].join('\n');
await execa('ip', ['-batch', '-'], { input });

/** Returns the microseconds of CPU time that this process spends on parsing what `ip` prints, and the last result. */
async function costOf<T>(read: () => Promise<T>) {
  let result = await read();
  const before = resourceUsage();
  for (let i = 0; i < TIMES; i++) result = await read();
  const after = resourceUsage();
  const time = (usage: NodeJS.ResourceUsage) => usage.userCPUTime + usage.systemCPUTime;
  return { result, microseconds: (time(after) - time(before)) / TIMES };
}

const whole = await costOf(() => readSnapshot('port'));
const own = await costOf(() => readInterface('port'));
process.stdout.write(JSON.stringify({ whole, own }));
