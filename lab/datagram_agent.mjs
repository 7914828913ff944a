// A client of UDP that goes on sending from one socket.
//   datagram_agent.mjs ADDRESS PORT   sends each 100 ms, and prints the name of each server that answers when it changes
import { createSocket } from 'node:dgram';
import process from 'node:process';

const INTERVAL_MS = 100;
const [address = '', port] = process.argv.slice(2);
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
let last;

function print(name) {
  if (name !== last) console.log(name);
  last = name;
}

socket.on('message', (message) => print(String(message).split(' ')[0]));
socket.on('error', ({ code }) => print(code === 'ECONNREFUSED' ? 'refused' : code));
socket.connect(Number(port), address, () => {
  setInterval(() => socket.send('?', () => undefined), INTERVAL_MS);
});
