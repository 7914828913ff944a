// flow_mod_agent.mjs SOCKET: the minimum that Node needs for one change of a flow. It receives OpenFlow 1.4 messages in
// hexadecimal, writes them to the socket, and answers how many milliseconds the reply to their barrier took.
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';

const HELLO = Buffer.from('0500000800000001', 'hex');
const [ERROR, ECHO_REQUEST, ECHO_REPLY, BARRIER_REPLY] = [1, 2, 3, 21];
let answered = () => {};

const buffer = Buffer.alloc(64 * 1024);
const socket = connect({ path: process.argv[2], onread: { buffer, callback: read } });
await once(socket, 'connect');
socket.write(HELLO);
process.on('message', async (messages) => {
  const bytes = Buffer.from(messages, 'hex');
  const start = performance.now();
  const end = new Promise((resolve) => {
    answered = () => resolve(performance.now());
  });
  socket.write(bytes);
  process.send((await end) - start);
});
process.on('disconnect', () => process.exit());

/** Reads answers. They have a few octets each, so they arrive whole. */
function read(length) {
  for (let at = 0; at < length; at += buffer.readUInt16BE(at + 2)) {
    const type = buffer[at + 1];
    if (type === ERROR) throw new Error(`refused: ${buffer.toString('hex', at, length)}`);
    if (type === BARRIER_REPLY) answered();
    if (type !== ECHO_REQUEST) continue;
    const echo = Buffer.from(buffer.subarray(at, at + buffer.readUInt16BE(at + 2)));
    echo[1] = ECHO_REPLY;
    socket.write(echo);
  }
  return true;
}
