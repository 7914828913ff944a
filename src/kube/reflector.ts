import { Backoff as Waits } from '../daemon/backoff.js';
import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { explainError } from '../net/errors.js';
import { Backoff } from './backoff.js';
import { ApiError } from './errors.js';
import { ObjectCopy, ObjectList } from './object_copy.js';
import { type KubeObject, keyOf } from './objects.js';
import { Pages, type PagesOptions } from './pages.js';
import { watchEvents } from './watch_events.js';

export interface ReflectorOptions<T extends KubeObject> extends PagesOptions<T> {
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
  /** The clock in milliseconds, to know whether a watch lasted as long as asked. */
  readonly now?: () => number;
}

/** How long the server is asked to keep a watch open, in seconds; each request varies it by 20 %. */
const WATCH_SECONDS = 300;
/** A watch that ends sooner and without an event is a failure: the next watch waits. In milliseconds. */
const SHORTEST_MS = 1_000;
/** The first wait after a watch that ended so soon with events, in milliseconds. */
const SHORT_MS = 100;
/** A watch that lasted this part of the time asked for ended because of that time. */
const LASTED = 0.9;
/** Two bookmarks that did not arrive: bookmarks come about once a minute. In milliseconds. */
const IDLE_MS = 130_000;

/**
 * Keeps a copy of the objects at one path of the API: lists them, then watches from the version of the list on. If the
 * watch cannot continue, it lists again and compares. While the server does not answer, the copy stays as it is.
 *
 * If the server's store is restored from a backup, versions go back, and a watch leaves out everything until the
 * version that it started from. The server ends or breaks all watches then. A watch therefore continues at its version
 * only if it lasted as long as asked; else a list comes first.
 */
export class Reflector<T extends KubeObject> implements Source {
  private readonly copy: ObjectCopy<T>;
  private readonly pages: Pages<T>;
  private readonly backoff: Backoff;
  /** The version of the last list or event. */
  private newest: string | undefined;
  private failure: string | undefined;
  private isForbidden = false;
  private isListed = false;

  constructor(private readonly options: ReflectorOptions<T>) {
    const { api, path, random } = options;
    this.copy = new ObjectCopy<T>(`${api.name}${path}`, api.budget, (key) => this.notify(key));
    this.pages = new Pages(options);
    this.backoff = new Backoff(random);
  }

  /** The objects by `NAMESPACE/NAME`. The map is live; the objects never change. */
  get objects(): ReadonlyMap<string, T> {
    return this.copy.objects;
  }

  /** Whether the first list is complete. */
  get hasSynced(): boolean {
    return this.isListed;
  }

  /** Why the server does not answer now; `undefined` while it does. */
  get problem(): string | undefined {
    return this.failure;
  }

  /** Whether the server's last answer was that this account may not read the objects (HTTP 403). */
  get isRefused(): boolean {
    return this.isForbidden;
  }

  /** Follows the objects until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { now = () => performance.now(), random } = this.options;
    const short = new Waits({ firstMs: SHORT_MS, random });
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.list(signal);
        const opened = now();
        version = await this.watch(version, signal);
        // It had events, or it would be a failure. Without a wait a server that ends each watch would be asked for ever.
        if (now() - opened < SHORTEST_MS) await sleep(short.next(), signal);
        else short.reset();
      } catch (error) {
        if (signal.aborted) return;
        version = undefined;
        this.isForbidden = error instanceof ApiError && error.status === 403;
        this.setFailure(explainError(error));
        await sleep(this.backoff.after(error), signal);
      }
    }
  }

  /** Lists all objects and takes over the differences. @returns the version to watch from */
  private async list(signal: AbortSignal): Promise<string> {
    const list = new ObjectList<T>();
    const version = await this.pages.read(signal, (object) => this.copy.extend(list, keyOf(object), object));
    // After versions went back, one version can stand for two states of an object.
    const isBack = this.newest !== undefined && isLower(version, this.newest);
    this.newest = version;
    this.isListed = true;
    this.copy.replace(list, isBack);
    this.options.listed?.(list.objects.size);
    return version;
  }

  /**
   * Watches until the server ends the watch, which it does every few minutes.
   * @returns the version to continue from; `undefined` if a list must come first
   */
  private async watch(since: string, signal: AbortSignal): Promise<string | undefined> {
    const { api, path, shape, fieldSelector, random = Math.random, idleMs = IDLE_MS } = this.options;
    const { now = () => performance.now() } = this.options;
    const what = `watch of ${api.name}${path}`;
    const seconds = Math.round(WATCH_SECONDS * (0.8 + 0.4 * random()));
    const query = {
      watch: true,
      resourceVersion: since,
      allowWatchBookmarks: true,
      timeoutSeconds: seconds,
      fieldSelector,
    };
    const response = await api.open(path, query, signal);
    const opened = now();
    let version = since;
    let lasting: NodeJS.Timeout | undefined;
    try {
      // A server that ends every watch at once does not answer, though it accepts them.
      if (this.failure !== undefined) lasting = setTimeout(() => this.setFailure(undefined), SHORTEST_MS);
      for await (const { type, object } of watchEvents(response, what, shape, idleMs)) {
        if (type === 'DELETED') this.copy.drop(keyOf(object));
        else if (type !== 'BOOKMARK') this.copy.put(keyOf(object), object);
        this.backoff.reset();
        this.setFailure(undefined);
        version = object.metadata?.resourceVersion ?? version;
        this.newest = version;
      }
    } finally {
      clearTimeout(lasting);
    }
    const lasted = now() - opened;
    if (version === since && lasted < SHORTEST_MS)
      throw new ApiError(0, what, 'ended as soon as it began', { code: 'ERR_API_BAD_ANSWER' });
    return lasted >= LASTED * seconds * 1_000 ? version : undefined;
  }

  private notify(key: string): void {
    try {
      this.options.changed(key);
    } catch (error) {
      this.options.log.warn(`${this.options.path}: ${key}: ${explainError(error)}`);
    }
  }

  private setFailure(failure: string | undefined): void {
    if (failure === undefined) this.isForbidden = false;
    if (failure === this.failure) return;
    this.failure = failure;
    this.options.problems.set(this.options.path, failure === undefined ? [] : [failure]);
  }
}

/** Returns whether a version is older than another one (Kubernetes API concepts, "Resource versions"). */
function isLower(version: string, other: string): boolean {
  const isNumber = /^\d{1,20}$/;
  return isNumber.test(version) && isNumber.test(other) && BigInt(version) < BigInt(other);
}
