// Opens COUNT connections, one after the other; prints the milliseconds from each connect(2) to the server's first octets.
//   connect_agent.mjs HOST PORT COUNT
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';

const [host, port, count] = process.argv.slice(2);
const times = [];
for (let i = 0; i < Number(count); i += 1) {
  const began = performance.now();
  const socket = connect({ host, port: Number(port) });
  await once(socket, 'data');
  times.push(performance.now() - began);
  socket.destroy();
}
process.stdout.write(JSON.stringify(times));
