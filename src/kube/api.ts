// The API server of Kubernetes: `access.ts` finds its address and credentials, this file sends requests, `reflector.ts`
// lists and watches objects, `reached.ts` moves on to another server or other credentials if the server is silent.
// What the objects mean for OVN is left to `gateway/`, `watcher/` and `cni/`.
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { withDeadline } from '../daemon/deadline.js';
import { printable } from '../net/printable.js';
import type { ApiAccess } from './access.js';
import { Excess, readBody, Turns } from './body.js';
import { Budget } from './budget.js';
import { ApiError } from './errors.js';
import { Garbage } from './garbage.js';

/** How long an answer may take, in milliseconds; watches excepted. */
const TIMEOUT_MS = 30_000;
/**
 * How long the server may take to open or refuse a watch, in milliseconds. A dead kept connection, or a host without
 * power, sends nothing, and TCP alone would wait for minutes. The events of an open watch have a timer of their own.
 */
const OPEN_MS = 5_000;
/** TCP probes a kept connection after this much silence, in milliseconds. */
const KEEPALIVE_MS = 15_000;

const JSON_TYPE = 'application/json';
const MERGE_PATCH = 'application/merge-patch+json';
/** Asks for the metadata only, if the server can (Kubernetes API concepts, "Metadata-only fetches"). */
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Request {
  readonly method: 'GET' | 'PATCH' | 'POST';
  readonly path: string;
  readonly query?: Query;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to one API server over connections that stay open. */
export class KubeApi {
  private readonly agent: HttpAgent | HttpsAgent;
  /** The memory for the objects of this server. */
  readonly budget = new Budget();
  private readonly turns = new Turns();
  private readonly garbage = new Garbage();
  private readonly openMs: number;
  /** The credentials of the last request. */
  private secret: string | undefined;

  constructor(
    private readonly access: ApiAccess,
    { sockets = 16, openMs = OPEN_MS }: { readonly sockets?: number; readonly openMs?: number } = {},
  ) {
    this.openMs = openMs;
    const options = { keepAlive: true, keepAliveMsecs: KEEPALIVE_MS, maxSockets: sockets };
    this.agent = access.server.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** The address of the server, for messages. */
  get name(): string {
    return this.access.server.origin;
  }

  /** @throws ApiError */
  get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.json<T>({ method: 'GET', path, query, signal });
  }

  /** Merges `patch` into an object (RFC 7386). A watch shows the result. @throws ApiError */
  async patch(path: string, patch: unknown, signal?: AbortSignal): Promise<void> {
    const body = JSON.stringify(patch);
    await this.text({ method: 'PATCH', path, body, contentType: MERGE_PATCH, accept: METADATA, signal });
  }

  /** Creates an object in the collection at `path`. @throws ApiError, of status 409 if there is one of its name */
  async create(path: string, object: unknown, signal?: AbortSignal): Promise<void> {
    const body = JSON.stringify(object);
    await this.text({ method: 'POST', path, body, contentType: JSON_TYPE, accept: METADATA, signal });
  }

  /** Opens a watch: the body of the response continues until one side ends it. @throws ApiError */
  async open(path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
    const stop = new AbortController();
    const late = setTimeout(() => {
      stop.abort(new Error(`nothing received for ${this.openMs} ms`));
      this.dropIdle();
    }, this.openMs);
    try {
      const either = AbortSignal.any([signal, stop.signal]);
      const response = await this.send({ method: 'GET', path, query, signal: either });
      if (response.statusCode !== 200) throw await this.refusal(`GET ${path}`, response);
      return response;
    } finally {
      clearTimeout(late);
    }
  }

  /** Removes the token from a text of the server, which may show it in a message. */
  redact(text: string): string {
    return this.secret === undefined ? text : text.replaceAll(this.secret, '(token)');
  }

  close(): void {
    this.agent.destroy();
  }

  /** Closes the idle connections: if one connection is dead, so are the others. */
  private dropIdle(): void {
    for (const socket of Object.values(this.agent.freeSockets).flat()) socket?.destroy();
  }

  private async json<T>(request: Request): Promise<T> {
    const text = await this.text(request);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      const what = `${request.method} ${this.name}${request.path}`;
      throw new ApiError(0, what, 'the answer is not JSON', { cause: error, code: 'ERR_API_BAD_ANSWER' });
    }
  }

  private async text(request: Request): Promise<string> {
    const { method, path, signal } = request;
    return withDeadline(signal, TIMEOUT_MS, async (either) => {
      const response = await this.send({ ...request, signal: either });
      if (response.statusCode !== (method === 'POST' ? 201 : 200))
        throw await this.refusal(`${method} ${path}`, response);
      return this.body(`${method} ${path}`, response);
    });
  }

  private async send({
    method,
    path,
    query = {},
    body,
    contentType,
    accept = JSON_TYPE,
    signal,
  }: Request): Promise<IncomingMessage> {
    const { server } = this.access;
    // A server behind a proxy can have a path of its own.
    const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
    for (const [key, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(key, String(value));
    const { headers = {}, ...options } = await this.access.options();
    this.secret = secretOf(headers);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(url, {
        ...options,
        method,
        agent: this.agent,
        headers: {
          ...headers,
          accept,
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      request.once('response', resolve);
      request.once('error', (error) => {
        const cause = error.name === 'AbortError' ? error.cause : error;
        reject(new ApiError(0, `${method} ${this.name}${path}`, 'no answer', { cause }));
      });
      request.end(body);
    });
  }

  /** Returns the error of a response of another status than expected. */
  private async refusal(what: string, response: IncomingMessage): Promise<ApiError> {
    const status = response.statusCode ?? 0;
    const text = await this.body(what, response).catch(() => '');
    const said = this.redact(statusMessage(text) ?? text);
    const reason = printable(said.slice(0, 1_000).replaceAll(/\s+/g, ' '));
    const remedy = remedyOf(status, this.access.source);
    return new ApiError(status, `${what.replace(' ', ` ${this.name}`)}`, `${status} ${reason}${remedy}`);
  }

  private async body(what: string, response: IncomingMessage): Promise<string> {
    try {
      return (await readBody(response, this.turns, this.garbage)).toString('utf8');
    } catch (cause) {
      const where = `${what} of ${this.name}`;
      if (cause instanceof Excess) throw new ApiError(0, where, cause.message, { code: 'ERR_API_LIMIT' });
      throw new ApiError(0, where, 'the answer broke off', { cause });
    }
  }
}

function remedyOf(status: number, source: string): string {
  if (status === 401 || status === 403) return `; the credentials are those of ${source}`;
  // The credentials would go to whichever server the answer names.
  if (status >= 300 && status < 400)
    return `; redirects are not followed: give the server itself in ${source}`;
  return '';
}

/** Returns the message of a Status object (Kubernetes API conventions, "Response Status Kind"). */
function statusMessage(text: string): string | undefined {
  try {
    const status: unknown = JSON.parse(text);
    const isObject = typeof status === 'object' && status !== null;
    return isObject && 'message' in status && typeof status.message === 'string' ? status.message : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the credentials in the headers of a request, without their scheme. */
function secretOf(headers: OutgoingHttpHeaders | readonly string[]): string | undefined {
  for (const [name, value] of Object.entries(headers))
    if (name.toLowerCase() === 'authorization') return String(value).replace(/^\S+ /, '') || undefined;
  return undefined;
}
