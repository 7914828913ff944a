// Captures and injects frames on interfaces of its network namespace, with libpcap. One JSON object a line:
// in  {"device": "eth0", "frame": "hex"}   a frame to inject
// out {"device": "eth0", "frame": "hex"}   a captured frame; {"ready": true} once all devices are open
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const pcap = createRequire(import.meta.url)('pcap');
pcap.warningHandler = () => undefined;

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const sessions = new Map();
for (const device of process.argv.slice(2)) {
  const session = pcap.createSession(device, { buffer_timeout: 1, promiscuous: true });
  session.on('packet', ({ buf, header }) => {
    const length = header.readUInt32LE(8);
    say({ device, frame: buf.toString('hex', 0, length) });
  });
  sessions.set(device, session);
}
say({ ready: true });

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { device, frame } = JSON.parse(line);
    sessions.get(device).inject(Buffer.from(frame, 'hex'));
  })
  .on('close', () => process.exit(0));
