import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** The part of the old space above which the daemon ends: V8 aborts without a word of ours close to the limit. */
const MOST = 0.85;
const MEGABYTE = 1024 * 1024;
/** The part of V8's limit that is for new objects: three semi-spaces of 16 MB. */
const YOUNG = 48 * MEGABYTE;

/** What a watch of the memory reads; passed in so that tests can choose it. */
export interface Heap {
  readonly used_heap_size: number;
  readonly heap_size_limit: number;
}

/**
 * Calls `reached` when the objects that survived a full collection of garbage fill the heap (`--max-old-space-size`). Looks
 * after each such collection, so it costs nothing while there is room.
 */
export function watchMemory(
  reached: (complaint: string) => void,
  heap: () => Heap = getHeapStatistics,
): { close(): void } {
  const observer = new PerformanceObserver((list) => {
    const isFull = list.getEntries().some(isMajor);
    const complaint = isFull ? complaintAbout(heap()) : undefined;
    if (complaint !== undefined) reached(complaint);
  });
  observer.observe({ entryTypes: ['gc'] });
  return { close: () => observer.disconnect() };
}

/** Returns why the daemon must end; `undefined` while there is room. */
export function complaintAbout({ used_heap_size, heap_size_limit }: Heap): string | undefined {
  const old = heap_size_limit - YOUNG;
  if (used_heap_size < MOST * old) return undefined;
  const [used, limit] = [used_heap_size, old].map((bytes) => Math.round(bytes / MEGABYTE));
  return `memory limit: ${used} MB of at most ${limit} MB are in use; ends to start anew`;
}

function isMajor(entry: object): boolean {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined;
  return (
    typeof detail === 'object' &&
    detail !== null &&
    'kind' in detail &&
    detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR
  );
}
