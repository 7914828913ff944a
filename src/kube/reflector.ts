import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { explainError } from '../net/errors.js';
import type { KubeApi } from './api.js';
import { Backoff } from './backoff.js';
import { ApiError } from './errors.js';
import { type KubeObject, keyOf } from './objects.js';
import { watchEvents } from './watch_events.js';

interface List<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[];
}

export interface ReflectorOptions {
  readonly api: KubeApi;
  /** `/api/v1/services`. */
  readonly path: string;
  readonly fieldSelector?: string;
  /** Receives the key of each object that was added, changed or deleted. An exception is logged and skipped. */
  readonly changed: (key: string) => void;
  /** Receives the number of objects after each list, also if the list brought no change. */
  readonly listed?: (count: number) => void;
  readonly log: Log;
  /** Holds, under `path`, why the server does not answer. */
  readonly problems: Pick<Problems, 'set'>;
  readonly random?: () => number;
  /** See {@link watchEvents}. */
  readonly idleMs?: number;
}

/** Objects per page of a list. */
const PAGE = 500;
/** How long the server is asked to keep a watch open, in seconds; each request varies it by 20 %. */
const WATCH_SECONDS = 300;
/** A watch that ends sooner and without an event is a failure: the next watch waits. In milliseconds. */
const SHORTEST_MS = 1_000;
/** Two bookmarks that did not arrive: bookmarks come about once a minute. In milliseconds. */
const IDLE_MS = 130_000;

/**
 * Keeps a copy of the objects at one path of the API: lists them, then watches from the version of the list on. If the
 * watch cannot continue, it lists again and compares. While the server does not answer, the copy stays as it is.
 */
export class Reflector<T extends KubeObject> implements Source {
  private readonly known = new Map<string, T>();
  private readonly backoff: Backoff;
  private failure: string | undefined;
  private isListed = false;

  constructor(private readonly options: ReflectorOptions) {
    this.backoff = new Backoff(options.random);
  }

  /** The objects by `NAMESPACE/NAME`. The map is live; the objects never change. */
  get objects(): ReadonlyMap<string, T> {
    return this.known;
  }

  /** Whether the first list is complete. */
  get hasSynced(): boolean {
    return this.isListed;
  }

  /** Why the server does not answer now; `undefined` while it does. */
  get problem(): string | undefined {
    return this.failure;
  }

  /** Follows the objects until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.list(signal);
        version = await this.watch(version, signal);
      } catch (error) {
        if (signal.aborted) return;
        // After a broken connection the watch continues at its version; any other failure needs a new list.
        version = error instanceof WatchBroke ? error.version : undefined;
        const cause = error instanceof WatchBroke ? error.cause : error;
        if (cause instanceof ApiError && cause.isGone) version = undefined;
        this.setFailure(explainError(cause));
        await sleep(this.backoff.after(cause), signal);
      }
    }
  }

  /** Returns the part of an object that is worth its memory. */
  protected keep(object: T): T {
    return object;
  }

  /** Lists page by page and takes over the differences. @returns the version to watch from */
  private async list(signal: AbortSignal): Promise<string> {
    const { api, path, fieldSelector } = this.options;
    const found = new Map<string, T>();
    let version = '';
    let next: string | undefined;
    do {
      const query = { limit: PAGE, continue: next, fieldSelector };
      const page: List<T> = await api.get<List<T>>(path, query, signal);
      if (!Array.isArray(page.items))
        throw new ApiError(0, `GET ${api.name}${path}`, 'the answer is not a list');
      for (const object of page.items) found.set(keyOf(object), object);
      version = page.metadata?.resourceVersion ?? '';
      next = page.metadata?.continue || undefined;
    } while (next !== undefined);
    const gone = [...this.known.keys()].filter((key) => !found.has(key));
    this.isListed = true;
    for (const [key, object] of found) this.put(key, object);
    for (const key of gone) this.drop(key);
    this.options.listed?.(found.size);
    return version;
  }

  /** Watches until the server ends the watch, which it does every few minutes. @returns the version to continue from */
  private async watch(since: string, signal: AbortSignal): Promise<string> {
    const { api, path, fieldSelector, random = Math.random, idleMs = IDLE_MS } = this.options;
    const what = `watch of ${api.name}${path}`;
    let version = since;
    let lasting: NodeJS.Timeout | undefined;
    try {
      const query = {
        watch: true,
        resourceVersion: since,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(WATCH_SECONDS * (0.8 + 0.4 * random())),
        fieldSelector,
      };
      const response = await api.open(path, query, signal);
      const opened = performance.now();
      // A server that ends every watch at once does not answer, though it accepts them.
      if (this.failure !== undefined) lasting = setTimeout(() => this.setFailure(undefined), SHORTEST_MS);
      for await (const { type, object } of watchEvents<T>(response, what, idleMs)) {
        this.backoff.reset();
        this.setFailure(undefined);
        version = object.metadata?.resourceVersion ?? version;
        if (type === 'DELETED') this.drop(keyOf(object));
        else if (type !== 'BOOKMARK') this.put(keyOf(object), object);
      }
      if (version === since && performance.now() - opened < SHORTEST_MS)
        throw new WatchBroke(version, new ApiError(0, what, 'ended as soon as it began'));
      return version;
    } catch (error) {
      if (error instanceof WatchBroke) throw error;
      const isConnection = error instanceof ApiError && error.status === 0 && error.cause !== undefined;
      throw isConnection && !(error.cause instanceof SyntaxError) ? new WatchBroke(version, error) : error;
    } finally {
      clearTimeout(lasting);
    }
  }

  private put(key: string, object: T): void {
    const before = this.known.get(key);
    if (before?.metadata?.resourceVersion === object.metadata?.resourceVersion && before !== undefined)
      return;
    this.known.set(key, this.keep(object));
    this.notify(key);
  }

  private drop(key: string): void {
    if (this.known.delete(key)) this.notify(key);
  }

  private notify(key: string): void {
    try {
      this.options.changed(key);
    } catch (error) {
      this.options.log.warn(`${this.options.path}: ${key}: ${explainError(error)}`);
    }
  }

  private setFailure(failure: string | undefined): void {
    if (failure === this.failure) return;
    this.failure = failure;
    this.options.problems.set(this.options.path, failure === undefined ? [] : [failure]);
  }
}

/** A watch whose connection ended: it can continue from `version`. */
class WatchBroke extends Error {
  constructor(
    readonly version: string,
    override readonly cause: ApiError,
  ) {
    super(cause.message);
  }
}
