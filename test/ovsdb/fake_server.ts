import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonSplitter } from '../../src/net/json_stream.js';

export interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

/**
 * Makes the result of each method. A Buffer is JSON already, a thrown value becomes the error, `undefined` is
 * silence.
 */
export type Answers = Readonly<Record<string, (params: readonly unknown[]) => unknown>>;

export interface FakeServer {
  /** `unix:…` of the server. */
  readonly remote: string;
  readonly path: string;
  /** The messages of the clients, in order. */
  readonly received: Message[];
  readonly sockets: ReadonlySet<Socket>;
  dispose(): Promise<void>;
}

/**
 * Starts a JSON-RPC server for behaviour that a real ovsdb-server does not show. It does not know methods without an
 * answer.
 */
export async function startFakeServer(answers: Answers): Promise<FakeServer> {
  const directory = await mkdtemp(join(tmpdir(), 'fake-ovsdb-'));
  const path = join(directory, 'db.sock');
  const sockets = new Set<Socket>();
  const received: Message[] = [];
  const server = createServer((socket) => {
    const splitter = new JsonSplitter();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const text of splitter.push(chunk)) {
        const message: Message = JSON.parse(text);
        received.push(message);
        if (typeof message.method === 'string') answer(socket, answers, message);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    remote: `unix:${path}`,
    path,
    received,
    sockets,
    dispose: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

function answer(socket: Socket, answers: Answers, { id, method, params = [] }: Message): void {
  const handler = answers[String(method)];
  try {
    if (handler === undefined) throw 'unknown method';
    const result = handler(params);
    if (result === undefined) return;
    socket.write(`{"id":${JSON.stringify(id)},"error":null,"result":`);
    socket.write(Buffer.isBuffer(result) ? result : JSON.stringify(result));
    socket.write('}');
  } catch (error) {
    socket.write(JSON.stringify({ id, error, result: null }));
  }
}
