// Reads an interface with the npm package pcap and its decoder, as its README has it, until SIGTERM:
//   pcap_agent DEVICE   says "reading", then at each SIGUSR2 how many packets it decoded and what that cost, as JSON
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
// Only now: a signal that comes before somebody minds it would end this.
console.log('reading');
