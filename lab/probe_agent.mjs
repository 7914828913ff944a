// Starts one conversation after the other: each is one datagram from a new port.
//   probe_agent.mjs serve PORT                     sends back what it receives
//   probe_agent.mjs keep HOST PORT INTERVAL_MS     prints "open" at the first answer, and a report after SIGTERM
import { createSocket } from 'node:dgram';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

const LAST_ANSWERS_MS = 500;
const [mode, ...rest] = process.argv.slice(2);

if (mode === 'serve') serve(Number(rest[0]));
else keep(rest[0], Number(rest[1]), Number(rest[2]));

function serve(port) {
  const socket = createSocket('udp6');
  socket.on('message', (message, { address, port }) => socket.send(message, port, address));
  socket.bind(port, '::', () => console.log('serving'));
}

function keep(host, port, interval) {
  // Conversations that began before the first answer do not count.
  let report;
  const probe = () => {
    const counted = report;
    if (counted !== undefined) counted.sent += 1;
    const socket = createSocket('udp4');
    const late = setTimeout(() => socket.close(), LAST_ANSWERS_MS);
    socket.on('message', () => {
      if (counted !== undefined) counted.answered += 1;
      if (report === undefined) {
        report = { sent: 0, answered: 0 };
        console.log('open');
      }
      clearTimeout(late);
      socket.close();
    });
    socket.on('error', () => undefined);
    socket.connect(port, host, () => socket.send('?', () => undefined));
  };
  const timer = setInterval(probe, interval);
  process.on('SIGTERM', async () => {
    clearInterval(timer);
    await pause(LAST_ANSWERS_MS);
    console.log(JSON.stringify(report));
    process.exit(0);
  });
}
