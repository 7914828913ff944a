import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { GARBAGE, pour, trickle } from './pour.js';

const MIB = 1024 * 1024;

/** How a hostile API server answers a list and a watch. Without an answer to a list, it answers an empty one. */
interface Behaviour {
  readonly list?: (response: ServerResponse, socket: Socket) => void;
  readonly watch?: (response: ServerResponse, socket: Socket) => void;
}

let pages = 0;

const KINDS: Readonly<Record<string, Behaviour>> = {
  'large page': {
    list: (response, socket) => {
      response.writeHead(200).write('{"metadata":{"resourceVersion":"1"},"items":[');
      const item = '{"metadata":{"name":"x","namespace":"y","uid":"z"}},';
      pour(socket, chunked(Buffer.from(item.repeat(20_000))), 200 * MIB);
    },
  },
  'endless pages': {
    list: (response) => {
      const metadata = { resourceVersion: '1', continue: `page-${++pages}` };
      const item = { metadata: { name: `x${pages}`, namespace: 'y', uid: String(pages) } };
      response.end(JSON.stringify({ kind: 'List', metadata, items: [item] }));
    },
  },
  'trickling watch': { watch: (response, socket) => tricklingWatch(response, socket) },
  'long line': {
    watch: (response, socket) => {
      response.writeHead(200).flushHeaders();
      pour(socket, chunked(Buffer.alloc(MIB, 'x')));
    },
  },
  'deep list': {
    list: (response) => {
      response.end(`{"items":${'['.repeat(10 * MIB)}`);
    },
  },
  'gzip bomb': {
    list: (response) => {
      const bomb = gzipSync(Buffer.alloc(64 * MIB, ' '));
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(Buffer.concat(Array.from({ length: 16 }, () => bomb)));
    },
  },
  'garbage lines': {
    watch: (response, socket) => {
      response.writeHead(200).flushHeaders();
      const line = '{"type":"ADDED","object":{"metadata":5}}\n{"type":{"toString":1}}\nnull\n[]\n<html>\n';
      pour(socket, chunked(Buffer.from(line)), MIB);
    },
  },
  garbage: { list: (_, socket) => pour(socket, GARBAGE, 64 * MIB) },
  closes: { list: (_, socket) => socket.destroy() },
  silence: { list: () => undefined },
};

/** Starts the server on loopback. It is empty and well until `turn` is called, which breaks all connections. */
export async function serveApi(kind: string): Promise<{ readonly url: string; readonly turn: () => void }> {
  const hostile = KINDS[kind];
  if (hostile === undefined) throw new Error(`no such kind of API server: ${kind}`);
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = {};
  const empty = (response: ServerResponse) =>
    response.end(JSON.stringify({ kind: 'List', metadata: { resourceVersion: '1' }, items: [] }));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const { socket } = request;
    if (pathname.startsWith('/apis/discovery')) response.writeHead(404).end('{"kind":"Status","code":404}');
    else if (searchParams.get('watch') !== 'true') (behaviour.list ?? empty)(response, socket);
    else if (behaviour.watch !== undefined) behaviour.watch(response, socket);
    // A client that must list again meets the hostile list.
    else if (behaviour.list !== undefined) response.writeHead(410).end('{"kind":"Status","code":410}');
    else response.writeHead(200).flushHeaders();
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    turn: () => {
      behaviour = hostile;
      for (const socket of sockets) socket.destroy();
    },
  };
}

function tricklingWatch(response: ServerResponse, socket: Socket): void {
  response.writeHead(200).flushHeaders();
  // Each octet is a chunk of its own on the wire.
  trickle(socket, Buffer.from('1\r\n{\r\n'.repeat(10_000)));
}

/** Returns `body` as one chunk of a chunked answer (RFC 9112 section 7.1). */
function chunked(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
}
