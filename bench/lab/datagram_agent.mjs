// Client and server of a stream of numbered datagrams.
//   datagram_agent.mjs serve PORT                     sends back what it receives
//   datagram_agent.mjs keep HOST PORT INTERVAL_MS     sends one every INTERVAL_MS; prints "open" at the first answer;
//                                                     after SIGTERM it continues for a moment, then prints a report
//   datagram_agent.mjs open HOST PORT COUNT           opens COUNT "connections", a socket each, AT_ONCE at a time, each
//                                                     until its first answer or ANSWER_MS; prints how many were
//                                                     answered, and when the last one was
//   datagram_agent.mjs flood HOST PORT COUNT          sends COUNT from many ports, a few a millisecond, and ends
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

const PORTS = 64;
const BURST = 10;
const AFTERWARDS_MS = 500;
const PATIENCE_MS = 5000;
const LAST_ANSWERS_MS = 300;
const AT_ONCE = 128;
const ANSWER_MS = 1000;
const [mode, ...rest] = process.argv.slice(2);

if (mode === 'serve') serve(Number(rest[0]));
else if (mode === 'keep') keep(rest[0], Number(rest[1]), Number(rest[2]));
else if (mode === 'open') await open(rest[0], Number(rest[1]), Number(rest[2]));
else await flood(rest[0], Number(rest[1]), Number(rest[2]));

function serve(port) {
  const socket = createSocket({ type: 'udp6', recvBufferSize: 4_000_000 });
  socket.on('message', (message, { address, port }) => socket.send(message, port, address));
  socket.on('error', () => undefined);
  socket.bind(port, '::', () => console.log('serving'));
}

function keep(host, port, interval) {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const answered = new Set();
  let sent = 0;
  let last = performance.now();
  let longestGapMs = 0;
  let timer;

  socket.on('message', (message) => {
    const now = performance.now();
    if (answered.size === 0) console.log('open');
    else longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
    answered.add(message.readUInt32BE(0));
  });
  // No server or no route for a moment: the datagram counts as unanswered.
  socket.on('error', () => undefined);
  socket.connect(port, host, () => {
    timer = setInterval(() => {
      const message = Buffer.alloc(32);
      message.writeUInt32BE(sent, 0);
      sent += 1;
      socket.send(message, () => undefined);
    }, interval);
  });
  process.on('SIGTERM', async () => {
    // A path that was cut just now must stay silent for a while before the loss shows; it may also recover.
    const asked = performance.now();
    while (last < asked + AFTERWARDS_MS && performance.now() < asked + PATIENCE_MS) await pause(interval);
    clearInterval(timer);
    longestGapMs = Math.max(longestGapMs, performance.now() - last);
    await pause(LAST_ANSWERS_MS);
    console.log(JSON.stringify({ sent, answered: answered.size, longestGapMs }));
    process.exit(0);
  });
}

async function flood(host, port, count) {
  const sockets = await Promise.all(
    Array.from({ length: PORTS }, async () => {
      const socket = createSocket('udp4');
      socket.connect(port, host);
      await once(socket, 'connect');
      return socket;
    }),
  );
  const message = Buffer.alloc(200);
  for (let sent = 0; sent < count; sent += BURST) {
    for (let i = 0; i < BURST; i += 1) sockets[(sent + i) % PORTS].send(message, () => undefined);
    await pause(1);
  }
  for (const socket of sockets) socket.close();
}

async function open(host, port, count) {
  const began = performance.now();
  const sockets = [];
  let answered = 0;
  let lastMs = 0;
  const worker = async () => {
    while (sockets.length < count) {
      const socket = createSocket('udp4');
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.connect(port, host);
      await once(socket, 'connect');
      socket.send(Buffer.alloc(32), () => undefined);
      const answer = once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_MS) });
      if (await answer.catch(() => undefined)) {
        answered += 1;
        lastMs = performance.now() - began;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(JSON.stringify({ answered, lastMs }));
  process.exit(0);
}
