// Sends and echoes packets of IP protocols that have no ports, by raw sockets.
//   protocol_agent.mjs echo PROTOCOL...              answers what `ask` sends, both families; prints "ready"
//   protocol_agent.mjs ask ADDRESS PROTOCOL [BYTES]  asks every 100 ms for 2 s; prints "answered" or "silence"
//   protocol_agent.mjs heard PROTOCOL FAMILY         prints "ready", then the sender of each packet that arrives
import { isIPv6 } from 'node:net';
import process from 'node:process';
import raw from 'raw-socket';

/** Kept, because a socket that is collected is closed. */
const sockets = [];
const [mode, ...rest] = process.argv.slice(2);
if (mode === 'echo') for (const protocol of rest) for (const family of [4, 6]) echo(Number(protocol), family);
if (mode === 'ask') ask(rest[0], Number(rest[1]), Number(rest[2] ?? 0));
if (mode === 'heard') hear(Number(rest[0]), Number(rest[1]));
if (mode !== 'ask') console.log('ready');

function open(protocol, family) {
  const addressFamily = family === 4 ? raw.AddressFamily.IPv4 : raw.AddressFamily.IPv6;
  const socket = raw.createSocket({ protocol, addressFamily, bufferSize: 16_384 });
  sockets.push(socket);
  return socket;
}

/** A raw socket of IPv4 receives the IP header too (raw(7)). */
function payload(packet, family) {
  return family === 4 ? packet.subarray(4 * (packet[0] & 0x0f)) : packet;
}

function echo(protocol, family) {
  const socket = open(protocol, family);
  socket.on('message', (packet, source) => {
    const text = payload(packet, family).toString();
    if (!text.startsWith('ask ')) return;
    const answer = Buffer.from(`answer ${text.slice(4)}`);
    socket.send(answer, 0, answer.length, source, () => {});
  });
}

function ask(address, protocol, bytes) {
  const family = isIPv6(address) ? 6 : 4;
  const socket = open(protocol, family);
  const end = (text) => {
    console.log(text);
    process.exit(0);
  };
  const token = `${process.pid} ${Math.random()} ${'.'.repeat(bytes)}`;
  socket.on('message', (packet) => {
    if (payload(packet, family).toString() === `answer ${token}`) end('answered');
  });
  const message = Buffer.from(`ask ${token}`);
  const send = () =>
    socket.send(message, 0, message.length, address, (error) => {
      if (error !== null) console.log(error.message);
    });
  send();
  setInterval(send, 100);
  setTimeout(() => end('silence'), 2_000);
}

function hear(protocol, family) {
  open(protocol, family).on('message', (_packet, source) => console.log(`from ${source}`));
}
