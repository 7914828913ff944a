// Sends a datagram every 100 ms from one socket, as a client does that keeps its socket, and prints who answers whenever
// that changes.
//   one_socket_agent.mjs HOST PORT
import { createSocket } from 'node:dgram';
import process from 'node:process';

const [host, port] = process.argv.slice(2);
const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
let last;

socket.on('message', (message) => {
  const [name] = String(message).split(' ');
  if (name !== last) console.log(`answered by ${name}`);
  last = name;
});
// The endpoint may be away for a moment.
socket.on('error', () => undefined);
socket.connect(Number(port), host, () => setInterval(() => socket.send('?', () => undefined), 100));
