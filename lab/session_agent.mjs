// Client and server of a session like ssh's: small messages, each answered at once.
//   session_agent.mjs serve PORT       echoes what it receives, both families
//   session_agent.mjs keep HOST PORT [LOCALPORT]
//                                      sends a byte every 5 ms; prints "open" once connected, and a report as one
//                                      JSON object on SIGTERM or when the session ends by itself
import { connect, createServer } from 'node:net';
import process from 'node:process';

const INTERVAL_MS = 5;
/** The number of answers after which it prints "busy". */
const BUSY = 20;
const [mode, ...rest] = process.argv.slice(2);

if (mode === 'serve') serve(Number(rest[0]));
else keep(rest[0], Number(rest[1]), rest[2] === undefined ? undefined : Number(rest[2]));

function serve(port) {
  createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  }).listen(port, '::', () => console.log('serving'));
}

function keep(host, port, localPort) {
  const socket = connect({ host, port, localPort });
  socket.setNoDelay(true);
  let sent = 0;
  let answered = 0;
  let longestGapMs = 0;
  let last;

  const report = (alive) => {
    console.log(JSON.stringify({ alive, sent, answered, longestGapMs }));
    process.exit(0);
  };
  socket.on('connect', () => {
    console.log('open');
    last = performance.now();
    setInterval(() => {
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
  process.on('SIGTERM', () => report(true));
}
