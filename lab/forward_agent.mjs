// Forwards connections to a TCP port of its network namespace to a Unix socket, which every namespace reaches.
//   forward_agent.mjs PORT SOCKET
import { connect, createServer } from 'node:net';
import process from 'node:process';

const [port, path] = process.argv.slice(2);

createServer((outer) => {
  const inner = connect(path);
  outer.pipe(inner).pipe(outer);
  outer.on('error', () => inner.destroy());
  inner.on('error', () => outer.destroy());
}).listen(Number(port), '::', () => console.log('forwarding'));
