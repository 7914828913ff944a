import { withDeadline } from '../daemon/deadline.js';
import type { KubeApi, Query } from './api.js';
import { ApiError } from './errors.js';
import { isKubeObject, isRecord, type KubeObject } from './objects.js';
import { keep, type Shape } from './shape.js';

/** Objects per page at first. A page of 500 pods, 2.7 MB, is parsed in about 20 ms. */
const LIMIT = 500;
/** Objects per page at least. So many of the largest objects that etcd stores fit into one answer. */
const LEAST = 20;
/** More pages than any cluster has. A server whose pages never end must not be followed for ever. */
const MOST_PAGES = 1_000;
/** How long a list may take, in milliseconds. */
const LIST_MS = 120_000;

export interface PagesOptions<T extends KubeObject> {
  readonly api: KubeApi;
  readonly path: string;
  /** What is kept of each object. */
  readonly shape: Shape<T>;
  readonly fieldSelector?: string;
  /** How long a list of all pages may take, in milliseconds. */
  readonly listMs?: number;
}

/** Lists the objects at one path of the API, page by page. Asks for smaller pages after one that was too large. */
export class Pages<T extends KubeObject> {
  private limit = LIMIT;

  constructor(private readonly options: PagesOptions<T>) {}

  /**
   * Calls `each` with each object. An exception of `each` ends the list.
   * @returns the version to watch from
   * @throws ApiError, also for a list that does not end
   */
  read(signal: AbortSignal, each: (object: T) => void): Promise<string> {
    const { listMs = LIST_MS } = this.options;
    return withDeadline(signal, listMs, async (either) => {
      let next: string | undefined;
      for (let count = 1; ; count++) {
        const query = { limit: this.limit, continue: next, fieldSelector: this.options.fieldSelector };
        const page = await this.page(query, either, each).catch((error: unknown) => {
          throw either.aborted && !signal.aborted
            ? this.excess(`the list did not end within ${listMs} ms, after ${count - 1} pages`)
            : error;
        });
        if (page.next === undefined) return page.version;
        if (page.next === next || count === MOST_PAGES)
          throw this.excess(`the list has no end: page ${count} names another one`);
        next = page.next;
      }
    });
  }

  /** Reads one page. It must be garbage before the next page is read, so only this call holds what the server sent. */
  private async page(query: Query, signal: AbortSignal, each: (object: T) => void) {
    const { api, path } = this.options;
    const page = await api.get<unknown>(path, query, signal).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 'ERR_API_LIMIT')
        this.limit = Math.max(LEAST, Math.round(this.limit / 4));
      throw error;
    });
    return this.take(page, each);
  }

  /** Calls `each` with what is kept of each object of a page. Returns the list's version and the next page. */
  private take(page: unknown, each: (object: T) => void) {
    const { items, metadata } = isRecord(page) ? page : {};
    const { resourceVersion, continue: next } = isRecord(metadata) ? metadata : {};
    if (!Array.isArray(items) || typeof resourceVersion !== 'string')
      throw this.bad('the answer is not a list');
    for (const item of items as readonly unknown[]) {
      if (!isKubeObject(item)) throw this.bad('an object of the list has no name');
      each(keep(this.options.shape, item, this.what));
    }
    return {
      version: resourceVersion,
      next: typeof next === 'string' && next !== '' ? next : undefined,
    };
  }

  private bad(why: string): ApiError {
    return new ApiError(0, this.what, why, { code: 'ERR_API_BAD_ANSWER' });
  }

  private excess(why: string): ApiError {
    return new ApiError(0, this.what, why, { code: 'ERR_API_LIMIT' });
  }

  private get what(): string {
    return `GET ${this.options.api.name}${this.options.path}`;
  }
}
