// Servers and a client of many targets at once, over TCP, UDP and SCTP.
//   target_agent.mjs serve NAME PORT ADDRESS...   answers each connection and each datagram with "NAME CLIENT_ADDRESS"
//   target_agent.mjs serve-sctp NAME PORT         answers each INIT of SCTP the same
//   target_agent.mjs ask ATTEMPT_MS AGAIN_MS      reads [{ protocol, address, port, from }] and prints [{ outcome, client, attempts, ms }]
// An outcome is the server's name, "refused", "silence" or an error code of connect(2).
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';

const DEADLINE_MS = 5000;
const ASK = { tcp: askTcp, udp: askUdp, sctp: askOverSctp };
const [mode, ...rest] = process.argv.slice(2);

if (mode === 'serve') await serve(...rest);
else if (mode === 'serve-sctp') {
  const [name, port] = rest;
  const { serveSctp } = await sctp();
  serveSctp(Number(port), (client) => answerOf(name, client));
  console.log('serving');
} else await ask(...rest.map(Number));

/** Loads what sends SCTP, which needs the npm package raw-socket: clients and servers of TCP and UDP run without it. */
function sctp() {
  return import('./sctp.mjs');
}

function answerOf(name, client) {
  return `${name} ${client.replace(/^::ffff:/, '')}`;
}

async function serve(name, port, ...addresses) {
  const answer = (client) => answerOf(name, client);
  for (const address of addresses) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(answer(socket.remoteAddress ?? ''));
    });
    server.listen(Number(port), address);
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (_, client) => socket.send(answer(client.address), client.port, client.address));
    socket.bind(Number(port), address);
    await Promise.all([once(server, 'listening'), once(socket, 'listening')]);
  }
  console.log('serving');
}

async function ask(...times) {
  const targets = JSON.parse(await text(process.stdin));
  const answers = await Promise.all(targets.map((target) => askUntilAnswered(target, times)));
  process.stdout.write(JSON.stringify(answers), () => process.exit());
}

async function askUntilAnswered(target, times) {
  const began = performance.now();
  const since = () => Math.round(performance.now() - began);
  for (let attempts = 1; ; attempts += 1) {
    const start = performance.now();
    const found = await ASK[target.protocol](target, ...times);
    if (found.outcome !== 'silence' || since() > DEADLINE_MS)
      return { ...found, attempts, ms: Math.round(performance.now() - start) };
  }
}

function askTcp({ address, port, from }, attemptMs) {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, localAddress: from });
    const late = setTimeout(() => settle({ outcome: 'silence' }), attemptMs);
    let answer = '';
    const settle = (found) => {
      clearTimeout(late);
      socket.destroy();
      resolve(found);
    };
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('end', () => settle(read(answer)));
    socket.on('error', ({ code }) => settle(failure(code)));
  });
}

/** Sends again from the same socket after each `againMs`. */
function askUdp({ address, port, from }, attemptMs, againMs) {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const late = setTimeout(() => settle({ outcome: 'silence' }), attemptMs);
    const again = setInterval(() => socket.send('?', () => undefined), againMs);
    const settle = (found) => {
      clearTimeout(late);
      clearInterval(again);
      socket.removeAllListeners('error').on('error', () => undefined);
      socket.close();
      resolve(found);
    };
    socket.on('message', (message) => settle(read(String(message))));
    socket.on('error', ({ code }) => settle(failure(code)));
    // A connected socket receives only what comes from the address that it asked.
    socket.bind(0, from, () =>
      socket.connect(port, address, (error) => {
        if (error) settle(failure(error.code));
        else socket.send('?', () => undefined);
      }),
    );
  });
}

async function askOverSctp(target, attemptMs) {
  const { askSctp } = await sctp();
  const { answer, failure: outcome } = await askSctp(target, attemptMs);
  return outcome === undefined ? read(answer) : { outcome };
}

function read(answer) {
  const [outcome = 'nothing', client] = answer.split(' ');
  return { outcome, client };
}

function failure(code) {
  return { outcome: code === 'ECONNREFUSED' ? 'refused' : (code ?? 'error') };
}
