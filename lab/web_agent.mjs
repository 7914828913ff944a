// A web server and its client.
//   web_agent.mjs serve PORT [NAME]   answers every request with the client's address and port and the server's name
//   web_agent.mjs get URL             prints the answer, or fails within 2 s
import { createServer } from 'node:http';
import process from 'node:process';

const [mode, argument, name] = process.argv.slice(2);
const signature = name === undefined ? '' : `, from ${name}`;

if (mode === 'serve') {
  createServer(({ socket }, response) => {
    const address = socket.remoteAddress?.replace(/^::ffff:/, '');
    response.end(`hello, ${address} port ${socket.remotePort}${signature}\n`);
  }).listen(Number(argument), '::', () => console.log('serving'));
} else {
  const response = await fetch(argument, { signal: AbortSignal.timeout(2000) });
  process.stdout.write(await response.text());
}
