import { connect, type Socket } from 'node:net';
import { pour, trickle } from './pour.js';

/** What hostile clients of a control socket do. */
const KINDS: Readonly<Record<string, (path: string) => void>> = {
  parameter: (path) =>
    repeatedly(path, 1, (socket) => socket.write('{"id":0,"method":"status","params":[{"toString":1}]}')),
  deep: (path) => repeatedly(path, 1, (socket) => socket.write('['.repeat(100_000))),
  'deep id': (path) =>
    repeatedly(path, 1, (socket) =>
      socket.write(`{"id":${'['.repeat(100_000)}${']'.repeat(100_000)},"method":"status","params":[]}`),
    ),
  crowd: (path) => repeatedly(path, 1_000, () => undefined),
  unread: (path) =>
    repeatedly(path, 16, (socket) => {
      socket.pause();
      pour(socket, Buffer.from('{"id":0,"method":"list-commands","params":[]}'.repeat(1_000)));
    }),
  trickle: (path) =>
    repeatedly(path, 64, (socket) => trickle(socket, Buffer.from('{"id":0,"method":"status","params":['))),
};

let closed = 0;

/** Attacks the control sockets at `paths`. Prints how many connections were closed, whenever that changes. */
export function attackUnixctl(kind: string, paths: readonly string[]): void {
  const attack = KINDS[kind];
  if (attack === undefined) throw new Error(`no such kind of client: ${kind}`);
  for (const path of paths) attack(path);
  let said = 0;
  setInterval(() => {
    if (closed > said) process.stdout.write(`${closed} connections closed\n`);
    said = closed;
  }, 200);
}

/** Keeps `count` connections open: for each one that the daemon closes, another is opened 100 ms later. */
function repeatedly(path: string, count: number, use: (socket: Socket) => void): void {
  for (let i = 0; i < count; i++) open(path, use);
}

function open(path: string, use: (socket: Socket) => void): void {
  const socket = connect(path);
  socket.resume();
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed++;
    setTimeout(() => open(path, use), 100);
  });
  socket.once('connect', () => use(socket));
}
