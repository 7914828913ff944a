// Both ends of a TCP stream.
//   stream_agent.mjs serve PORT               takes whatever comes, and when it ends says how many octets that were
//   stream_agent.mjs send HOST PORT MEGABYTES sends so much as fast as it is taken; says how many milliseconds that took
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import process from 'node:process';

const CHUNK = Buffer.alloc(64 * 1024);
const [mode, ...rest] = process.argv.slice(2);

if (mode === 'serve') serve(Number(rest[0]));
else await send(rest[0], Number(rest[1]), Number(rest[2]));

function serve(port) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let octets = 0;
    socket.on('data', (chunk) => {
      octets += chunk.length;
    });
    socket.on('end', () => socket.end(String(octets)));
    socket.on('error', () => undefined);
  });
  server.listen(port, '::', () => console.log('serving'));
}

async function send(host, port, megabytes) {
  const socket = connect({ host, port, allowHalfOpen: true });
  await once(socket, 'connect');
  const began = performance.now();
  const octets = megabytes * 1024 * 1024;
  for (let sent = 0; sent < octets; sent += CHUNK.length)
    if (!socket.write(CHUNK)) await once(socket, 'drain');
  socket.end();
  const [answer] = await once(socket, 'data');
  const took = performance.now() - began;
  if (Number(answer) !== octets) throw new Error(`${answer} octets of ${octets} came`);
  console.log(took);
  process.exit(0);
}
