import type { Problems } from '../daemon/problems.js';
import { aborted, sleep } from '../daemon/sleep.js';
import type { KubeApi } from '../kube/api.js';
import { Backoff } from '../kube/backoff.js';
import { ApiError } from '../kube/errors.js';
import { ANNOTATION } from '../kube/pod_annotation.js';
import { explainError } from '../net/errors.js';

/** How many requests are under way at a time. */
const AT_ONCE = 16;

export interface AnnotatorOptions {
  readonly api: Pick<KubeApi, 'patch'>;
  readonly problems: Pick<Problems, 'set'>;
  readonly random?: () => number;
}

/** Writes annotations of pods, several at a time. A write that fails is retried and holds up no other. */
export class Annotator {
  private readonly wanted = new Map<string, string>();
  private readonly busy = new Set<string>();
  private readonly waiting = new Set<string>();
  private readonly failing = new Map<string, Backoff>();
  private signal: AbortSignal | undefined;

  constructor(private readonly options: AnnotatorOptions) {}

  /** Writes what is wanted until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.signal = signal;
    this.startWrites(signal);
    await aborted(signal);
  }

  /** Annotates a pod with `text`, instead of the text that was wanted before. */
  want(key: string, text: string): void {
    if (this.wanted.get(key) === text) return;
    this.wanted.set(key, text);
    if (this.signal !== undefined) this.startWrites(this.signal);
  }

  /** Drops what was wanted for a pod: it is gone, or has its annotation. */
  forget(key: string): void {
    this.wanted.delete(key);
    if (this.failing.delete(key)) this.options.problems.set(ownerOf(key), []);
  }

  private startWrites(signal: AbortSignal): void {
    for (const [key, text] of this.wanted) {
      if (this.busy.size >= AT_ONCE || signal.aborted) return;
      if (!this.busy.has(key) && !this.waiting.has(key)) void this.write(key, text, signal);
    }
  }

  private async write(key: string, text: string, signal: AbortSignal): Promise<void> {
    this.busy.add(key);
    const [namespace, name] = key.split('/').map(encodeURIComponent);
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    try {
      await this.options.api.patch(path, { metadata: { annotations: { [ANNOTATION]: text } } }, signal);
      if (this.wanted.get(key) === text) this.forget(key);
    } catch (error) {
      // The pod was deleted; the watch reports that too.
      if (error instanceof ApiError && error.status === 404) this.forget(key);
      else if (this.wanted.has(key) && !signal.aborted) void this.retryLater(key, error, signal);
    }
    this.busy.delete(key);
    this.startWrites(signal);
  }

  private async retryLater(key: string, error: unknown, signal: AbortSignal): Promise<void> {
    const { problems, random } = this.options;
    const backoff = this.failing.get(key) ?? new Backoff(random);
    this.failing.set(key, backoff);
    problems.set(ownerOf(key), [`Pod ${key}: ${explainError(error)}`]);
    this.waiting.add(key);
    await sleep(backoff.after(error), signal);
    this.waiting.delete(key);
    this.startWrites(signal);
  }
}

function ownerOf(key: string): string {
  return `annotation of ${key}`;
}
