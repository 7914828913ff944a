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
  let sent = 0;
  let answered = 0;
  const probe = () => {
    const socket = createSocket('udp4');
    const late = setTimeout(() => socket.close(), LAST_ANSWERS_MS);
    socket.on('message', () => {
      answered += 1;
      if (answered === 1) {
        console.log('open');
        // Datagrams sent before the first answer do not count.
        sent = 1;
      }
      clearTimeout(late);
      socket.close();
    });
    socket.on('error', () => undefined);
    socket.connect(port, host, () => socket.send('?', () => undefined));
    sent += 1;
  };
  const timer = setInterval(probe, interval);
  process.on('SIGTERM', async () => {
    clearInterval(timer);
    await pause(LAST_ANSWERS_MS);
    console.log(JSON.stringify({ sent, answered }));
    process.exit(0);
  });
}
