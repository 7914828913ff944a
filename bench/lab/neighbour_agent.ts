// Times announcements and requests in this process's namespace. Prints {"announce4", "announce6", "resolve", "rtt"},
// samples in milliseconds.
//   node neighbour_agent.js INTERFACE TARGET SOURCE ADDRESSES ANNOUNCEMENTS QUESTIONS
import { announce } from '../../src/neighbour/announce.js';
import { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import { resolve } from '../../src/neighbour/resolve.js';
import { parseIp } from '../../src/net/ip.js';

const [name = '', target = '', source = '', ...numbers] = process.argv.slice(2);
const [addresses = 0, announcements = 0, questions = 0] = numbers.map(Number);

const link = new NeighbourSocket(name);
const v4 = Array.from({ length: addresses }, (_, i) => parseIp(`198.18.${i >> 8}.${i & 255}`));
const v6 = Array.from({ length: addresses }, (_, i) => parseIp(`2001:db8:${i.toString(16)}::1`));
const announce4: number[] = [];
const announce6: number[] = [];
for (let round = 0; round < announcements; round += 1) {
  announce4.push(timed(() => announce(link, v4)));
  announce6.push(timed(() => announce(link, v6)));
}

const calls: number[] = [];
const rtts: number[] = [];
for (let round = 0; round < questions; round += 1) {
  const start = performance.now();
  const { answers } = await resolve(link, parseIp(target), { source: parseIp(source), timeoutMs: 1_000 });
  calls.push(performance.now() - start);
  rtts.push(answers[0]?.rttMs ?? Number.NaN);
}
link.close();
process.stdout.write(JSON.stringify({ announce4, announce6, resolve: calls, rtt: rtts }));

function timed(task: () => void): number {
  const start = performance.now();
  task();
  return performance.now() - start;
}
