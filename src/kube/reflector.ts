import { setTimeout as pause } from 'node:timers/promises';
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
  /** Told the key of each object that came, changed or went; what it throws is logged and changes nothing else. */
  readonly changed: (key: string) => void;
  /** Told after each list how many objects there are, also when it brought nothing new. */
  readonly listed?: (count: number) => void;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly random?: () => number;
  /** See {@link watchEvents}. */
  readonly idleMs?: number;
}

const PAGE = 500;
/** How long the server is asked to keep a watch, in seconds; it varies by a fifth. */
const WATCH_SECONDS = 300;
/** A watch that ends sooner without news is a fault, and not to be repeated at once. */
const SHORTEST_MS = 1_000;
/** Two bookmarks that did not come. */
const IDLE_MS = 130_000;

/**
 * The objects at one path of the API, kept as they are there: listed, then watched from that version on; listed
 * again, and compared, when the watch cannot go on. While the server is away what was known stays.
 */
export class Reflector<T extends KubeObject> {
  private readonly known = new Map<string, T>();
  private readonly backoff: Backoff;
  private failing: string | undefined;
  private isListed = false;

  constructor(private readonly options: ReflectorOptions) {
    this.backoff = new Backoff(options.random);
  }

  /** By `NAMESPACE/NAME`. The map is live; the objects never change. */
  get objects(): ReadonlyMap<string, T> {
    return this.known;
  }

  /** Whether everything that was there at the start is here. */
  get hasSynced(): boolean {
    return this.isListed;
  }

  /** Why nothing is heard from the server at the moment. */
  get problem(): string | undefined {
    return this.failing;
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
        // Only a broken connection can be gone on with: whatever else was wrong, the list has it right.
        if (error instanceof WatchBroke) version = error.version;
        else version = undefined;
        const cause = error instanceof WatchBroke ? error.cause : error;
        if (cause instanceof ApiError && cause.isGone) version = undefined;
        this.fails(cause);
        await pause(this.backoff.after(cause), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Lists page by page and takes over what differs. @returns the version to watch from */
  private async list(signal: AbortSignal): Promise<string> {
    const { api, path, fieldSelector } = this.options;
    const found = new Map<string, T>();
    let version = '';
    let next: string | undefined;
    do {
      const query = { limit: PAGE, continue: next, fieldSelector };
      const page: List<T> = await api.get<List<T>>(path, query, signal);
      if (!Array.isArray(page.items))
        throw new ApiError(0, `GET ${api.name}${path}`, 'the answer is no list');
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

  /** Watches until the server ends it, which it does every few minutes. @returns the version to go on from */
  private async watch(since: string, signal: AbortSignal): Promise<string> {
    const { api, path, fieldSelector, random = Math.random, idleMs = IDLE_MS } = this.options;
    let version = since;
    try {
      const query = {
        watch: true,
        resourceVersion: since,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(WATCH_SECONDS * (0.8 + 0.4 * random())),
        fieldSelector,
      };
      const response = await api.open(path, query, signal);
      this.heals();
      const opened = performance.now();
      for await (const { type, object } of watchEvents<T>(response, `watch of ${api.name}${path}`, idleMs)) {
        this.backoff.reset();
        version = object.metadata?.resourceVersion ?? version;
        if (type === 'DELETED') this.drop(keyOf(object));
        else if (type !== 'BOOKMARK') this.put(keyOf(object), object);
      }
      if (version === since && performance.now() - opened < SHORTEST_MS)
        throw new WatchBroke(
          version,
          new ApiError(0, `watch of ${api.name}${path}`, 'ended as soon as it began'),
        );
      return version;
    } catch (error) {
      if (error instanceof WatchBroke) throw error;
      const isConnection = error instanceof ApiError && error.status === 0 && error.cause !== undefined;
      throw isConnection && !(error.cause instanceof SyntaxError) ? new WatchBroke(version, error) : error;
    }
  }

  private put(key: string, object: T): void {
    const before = this.known.get(key);
    if (before?.metadata?.resourceVersion === object.metadata?.resourceVersion && before !== undefined)
      return;
    this.known.set(key, object);
    this.tell(key);
  }

  private drop(key: string): void {
    if (this.known.delete(key)) this.tell(key);
  }

  private tell(key: string): void {
    try {
      this.options.changed(key);
    } catch (error) {
      this.options.log.warn(`${this.options.path}: ${key}: ${explainError(error)}`);
    }
  }

  /** A row of failures is said once, and once that it has ended. */
  private fails(error: unknown): void {
    const { log } = this.options;
    const why = explainError(error);
    if (this.failing === undefined) log.warn(`${why}; what is known stays in force, trying again`);
    this.failing = why;
  }

  private heals(): void {
    if (this.failing !== undefined)
      this.options.log.info(`${this.options.api.name}${this.options.path}: heard again`);
    this.failing = undefined;
  }
}

/** A watch whose connection ended: it can go on from `version`. */
class WatchBroke extends Error {
  constructor(
    readonly version: string,
    override readonly cause: ApiError,
  ) {
    super(cause.message);
  }
}
