// A web server and its client.
//   web_agent.mjs serve PORT   answers every request with who asked: the client's address and port
//   web_agent.mjs get URL      prints the answer, or fails within two seconds
import { createServer } from 'node:http';
import process from 'node:process';

const [mode, argument] = process.argv.slice(2);

if (mode === 'serve') {
  createServer(({ socket }, response) => {
    const address = socket.remoteAddress?.replace(/^::ffff:/, '');
    response.end(`hello, ${address} port ${socket.remotePort}\n`);
  }).listen(Number(argument), '::', () => console.log('serving'));
} else {
  const response = await fetch(argument, { signal: AbortSignal.timeout(2000) });
  process.stdout.write(await response.text());
}
