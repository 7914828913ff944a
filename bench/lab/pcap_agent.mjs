// Reads an interface with the npm package pcap and its decoder, as in that package's README, until SIGTERM:
//   pcap_agent DEVICE   prints "reading", then at each SIGUSR2 the number of decoded packets and their cost, as JSON
import pcap from 'pcap';

const [, , device = ''] = process.argv;
const session = pcap.createSession(device, { buffer_size: 128 * 1024 * 1024 });
let count = 0;
session.on('packet', (raw) => {
  pcap.decode.packet(raw);
  count += 1;
});
const started = process.cpuUsage();
process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage(started);
  console.log(JSON.stringify({ count, cpuMicroseconds: user + system }));
});
process.once('SIGTERM', () => session.close());
// Printed last: a signal before the handlers are in place would end this process.
console.log('reading');
