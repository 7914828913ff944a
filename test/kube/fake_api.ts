import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { KubeObject } from '../../src/kube/objects.js';
import { keyOf } from '../../src/kube/objects.js';

const THINGS = '/api/v1/things';
const NODES = '/api/v1/nodes';
const SLICES = '/apis/discovery.k8s.io/v1';

/** The fields of an object; the server adds its name and version. */
interface Fields {
  readonly metadata?: object;
  readonly [field: string]: unknown;
}

interface Event {
  /** The path of the object's collection. */
  readonly path: string;
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** What the server does instead of answering the next request. */
export type Fault =
  | { readonly status: number }
  | 'garbage'
  | 'reset'
  | 'silence'
  | 'end'
  | ((response: ServerResponse, url: URL) => void);

/**
 * A small API server: it lists in pages and watches with bookmarks. It fails on demand in the ways in which a real
 * server fails only in production.
 */
export class FakeApi {
  /** The requests in order, as `GET /api/v1/pods?watch=true…`. */
  readonly requests: string[] = [];
  /** The faults of the next lists and watches, one for each. */
  readonly faults: { list: Fault[]; watch: Fault[] } = { list: [], watch: [] };
  /** Whether the server has `discovery.k8s.io/v1`. */
  hasSlices = false;
  /** Versions up to this version are too old to watch from. */
  expired = 0;
  /** By the path of the collection and the key. */
  private readonly objects = new Map<string, { readonly path: string; readonly object: KubeObject }>();
  private readonly events: Event[] = [];
  private readonly watches = new Map<ServerResponse, { readonly path: string; readonly since: number }>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private version = 1;

  private constructor() {
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** Starts at a free port of 127.0.0.1, or at a Unix socket, which other network namespaces reach too. */
  static async start(socket?: string): Promise<FakeApi> {
    const api = new FakeApi();
    await new Promise<void>((resolve) => {
      if (socket === undefined) api.server.listen(0, '127.0.0.1', resolve);
      else api.server.listen(socket, resolve);
    });
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get openWatches(): number {
    return this.watches.size;
  }

  /** Creates or changes an object of a collection. */
  set(name: string, { metadata = {}, ...more }: Fields = {}, path = THINGS): void {
    this.version++;
    const object = {
      ...more,
      metadata: {
        ...metadata,
        name,
        ...(path !== NODES && { namespace: 'default' }),
        resourceVersion: String(this.version),
      },
    };
    const id = idOf(path, name);
    const type = this.objects.has(id) ? 'MODIFIED' : 'ADDED';
    this.objects.set(id, { path, object });
    this.happen({ path, version: this.version, type, object });
  }

  remove(name: string, path = THINGS): void {
    const known = this.objects.get(idOf(path, name));
    if (known === undefined) return;
    this.version++;
    this.objects.delete(idOf(path, name));
    const { object } = known;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } };
    this.happen({ path, version: this.version, type: 'DELETED', object: last });
  }

  bookmark(): void {
    this.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.version) } } });
  }

  /** Sends a line to all watches, valid or not. */
  send(line: object | string): void {
    for (const watch of this.watches.keys())
      watch.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  }

  /** Ends all watches, as a server does when their time is over. */
  endWatches(): void {
    for (const watch of this.watches.keys()) watch.end();
    this.watches.clear();
  }

  /** Goes back to a version, as a server does whose store is restored from a backup; other objects follow by `set`. */
  restore(version: number): void {
    this.version = version;
    this.objects.clear();
    this.events.length = 0;
  }

  /** Breaks all connections. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  close(): void {
    // Not by a reset, which never ends a socket whose other end has just closed it.
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private happen(event: Event): void {
    this.events.push(event);
    for (const [watch, { path, since }] of this.watches)
      if (path === event.path && event.version > since) watch.write(lineOf(event));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    this.requests.push(`${request.method} ${request.url}`);
    const isWatch = url.searchParams.get('watch') === 'true';
    const fault = this.faults[isWatch ? 'watch' : 'list'].shift();
    if (typeof fault === 'function') fault(response, url);
    else if (fault === 'reset') request.socket.resetAndDestroy();
    else if (fault === 'garbage') response.end('<html>proxy error</html>');
    else if (fault === 'silence') return;
    else if (fault === 'end') response.writeHead(200).end();
    else if (fault !== undefined) this.refuse(response, fault.status);
    else if (url.pathname === SLICES) this.hasSlices ? response.end('{}') : this.refuse(response, 404);
    else if (request.method === 'POST') response.writeHead(201).end('{}');
    else if (isWatch) this.watch(url, response);
    else this.list(url, response);
  }

  private refuse(response: ServerResponse, code: number): void {
    response
      .writeHead(code)
      .end(JSON.stringify({ kind: 'Status', code, message: `a fault of the test: ${code}` }));
  }

  /** Answers with one page: the objects in the order of their keys, from the place in `continue` on. */
  private list({ pathname, searchParams }: URL, response: ServerResponse): void {
    const limit = Number(searchParams.get('limit') ?? 500);
    const from = Number(searchParams.get('continue') ?? 0);
    const all = [...this.objects.values()]
      .filter(({ path }) => path === pathname)
      .map(({ object }) => object)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const more = from + limit < all.length ? { continue: String(from + limit) } : {};
    const metadata = { resourceVersion: String(this.version), ...more };
    response.end(JSON.stringify({ kind: 'List', metadata, items: all.slice(from, from + limit) }));
  }

  private watch({ pathname, searchParams }: URL, response: ServerResponse): void {
    const since = Number(searchParams.get('resourceVersion'));
    response.writeHead(200).flushHeaders();
    if (since <= this.expired) {
      const object = { kind: 'Status', code: 410, message: 'too old resource version' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    this.watches.set(response, { path: pathname, since });
    response.on('close', () => this.watches.delete(response));
    for (const event of this.events)
      if (event.version > since && event.path === pathname) response.write(lineOf(event));
  }
}

function idOf(path: string, name: string): string {
  return `${path} default/${name}`;
}

function lineOf({ type, object }: Event): string {
  return `${JSON.stringify({ type, object })}\n`;
}
