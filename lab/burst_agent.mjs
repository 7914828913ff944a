// burst_agent.mjs ADDRESS PORT COUNT: sends COUNT datagrams, each from a new port.
import { createSocket } from 'node:dgram';

const [address = '', port, count] = process.argv.slice(2);
for (let sent = 0; sent < Number(count); sent += 1) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.send('x', Number(port), address, (error) => (error ? reject(error) : resolve(undefined)));
  });
  socket.close();
}
