import type { KubeApi } from './api.js';
import { ApiError } from './errors.js';
import { isKubeObject, isRecord, type KubeObject, keyOf, trim } from './objects.js';
import { misfit } from './shape.js';

/** Objects per page at first. A page of 500 pods, 2.7 MB, is parsed in about 20 ms. */
const LIMIT = 500;
/** Objects per page at least. So many of the largest objects that etcd stores fit into one answer. */
const LEAST = 20;
/** More pages than any cluster has. A server whose pages never end must not be followed for ever. */
const MOST_PAGES = 1_000;
/** How long a list may take, in milliseconds. */
const LIST_MS = 120_000;

export interface PagesOptions {
  readonly api: KubeApi;
  readonly path: string;
  readonly fieldSelector?: string;
  /** How long a list of all pages may take, in milliseconds. */
  readonly listMs?: number;
}

/** Lists the objects at one path of the API, page by page. Asks for smaller pages after one that was too large. */
export class Pages {
  private limit = LIMIT;

  constructor(private readonly options: PagesOptions) {}

  /**
   * Calls `each` with each object. An exception of `each` ends the list.
   * @returns the version to watch from
   * @throws ApiError, also for a list that does not end
   */
  async read<T extends KubeObject>(signal: AbortSignal, each: (object: T) => void): Promise<string> {
    const { fieldSelector, listMs = LIST_MS } = this.options;
    const late = AbortSignal.timeout(listMs);
    const either = AbortSignal.any([signal, late]);
    let next: string | undefined;
    for (let count = 1; ; count++) {
      const query = { limit: this.limit, continue: next, fieldSelector };
      const page = await this.page(query, either).catch((error: unknown) => {
        throw late.aborted && !signal.aborted
          ? this.excess(`the list did not end within ${listMs} ms, after ${count - 1} pages`)
          : error;
      });
      for (const item of page.items) {
        if (!isKubeObject(item)) throw this.bad('an object of the list has no name');
        const field = misfit(item);
        if (field !== undefined) throw this.bad(`${keyOf(item)}: ${field} is not what it should be`);
        each(trim(item as T));
      }
      if (page.next === undefined) return page.version;
      if (page.next === next || count === MOST_PAGES)
        throw this.excess(`the list has no end: page ${count} names another one`);
      next = page.next;
    }
  }

  private async page(query: Readonly<Record<string, string | number | undefined>>, signal: AbortSignal) {
    const { api, path } = this.options;
    try {
      return this.parse(await api.get<unknown>(path, query, signal));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'ERR_API_LIMIT')
        this.limit = Math.max(LEAST, Math.round(this.limit / 4));
      throw error;
    }
  }

  private parse(page: unknown) {
    const { items, metadata } = isRecord(page) ? page : {};
    const { resourceVersion, continue: next } = isRecord(metadata) ? metadata : {};
    if (!Array.isArray(items) || typeof resourceVersion !== 'string')
      throw this.bad('the answer is not a list');
    return {
      items: items as readonly unknown[],
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
