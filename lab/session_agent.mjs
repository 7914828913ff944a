// Client and server of a session like ssh's: small messages, each answered at once.
//   session_agent.mjs serve PORT [ADDRESS...]
//                                      echoes what it receives, over TCP and UDP; at all addresses of both families, or
//                                      at these, which its datagrams then come from
//   session_agent.mjs keep HOST PORT [LOCALPORT]
//                                      sends a byte every 5 ms; prints "open" once connected, and a report as one
//                                      JSON object when the session ends by itself, or on SIGTERM after the last answers
//   session_agent.mjs keep-udp HOST PORT LOCALPORT
//                                      the same with datagrams; "open" after the first answer, from which it counts
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import process from 'node:process';

const INTERVAL_MS = 5;
/** The number of answers after which it prints "busy". */
const BUSY = 20;
/** How long the last answers may take. */
const LAST_MS = 1_000;
const [mode, ...rest] = process.argv.slice(2);

if (mode === 'serve') await serve(Number(rest[0]), rest.slice(1));
else if (mode === 'keep-udp') keepUdp(rest[0], Number(rest[1]), Number(rest[2]));
else keep(rest[0], Number(rest[1]), rest[2] === undefined ? undefined : Number(rest[2]));

async function serve(port, addresses) {
  for (const address of addresses.length === 0 ? ['::'] : addresses) {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    }).listen(port, address);
    await Promise.all([once(server, 'listening'), echoUdp(port, address)]);
  }
  console.log('serving');
}

function echoUdp(port, address) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, client) => socket.send(message, client.port, client.address));
  socket.bind(port, address);
  return once(socket, 'listening');
}

function keepUdp(address, port, localPort) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let sent = 0;
  let answered = 0;
  let longestGapMs = 0;
  let last;
  const report = () => {
    console.log(JSON.stringify({ alive: true, sent, answered, longestGapMs }));
    process.exit(0);
  };
  const timer = setInterval(() => {
    if (last !== undefined) sent += 1;
    socket.send(last === undefined ? 'first' : String(sent), port, address);
  }, INTERVAL_MS);
  socket.on('message', (answer) => {
    const now = performance.now();
    if (last === undefined) console.log('open');
    else longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
    if (String(answer) === 'first') return;
    answered += 1;
    if (answered === BUSY) console.log('busy');
  });
  socket.on('error', (error) => console.log(String(error)));
  socket.bind(localPort);
  process.on('SIGTERM', () => {
    clearInterval(timer);
    awaitLast(() => answered === sent, report);
  });
}

/** Reports once all is answered, or after a second. */
function awaitLast(isDone, report) {
  setInterval(() => isDone() && report(), INTERVAL_MS);
  setTimeout(report, LAST_MS);
}

function keep(host, port, localPort) {
  const socket = connect({ host, port, localPort });
  socket.setNoDelay(true);
  let sent = 0;
  let answered = 0;
  let longestGapMs = 0;
  let last;
  let timer;

  const report = (alive) => {
    console.log(JSON.stringify({ alive, sent, answered, longestGapMs }));
    process.exit(0);
  };
  socket.on('connect', () => {
    console.log('open');
    last = performance.now();
    timer = setInterval(() => {
      socket.write('.');
      sent += 1;
    }, INTERVAL_MS);
  });
  socket.on('data', (answer) => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
    if (answered < BUSY && answered + answer.length >= BUSY) console.log('busy');
    answered += answer.length;
  });
  socket.on('close', () => report(false));
  socket.on('error', (error) => console.log(String(error)));
  process.on('SIGTERM', () => {
    clearInterval(timer);
    awaitLast(
      () => answered === sent,
      () => report(true),
    );
  });
}
