// Client and server of a TCP stream.
//   stream_agent.mjs serve PORT               receives a stream, and answers with the number of octets at its end
//   stream_agent.mjs send HOST PORT MEGABYTES sends as fast as possible; prints the milliseconds that this took
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
  if (Number(answer) !== octets) throw new Error(`${answer} octets of ${octets} arrived`);
  console.log(took);
  process.exit(0);
}
