import type { KubeApi } from '../kube/api.js';
import { Backoff } from '../kube/backoff.js';
import { ApiError } from '../kube/errors.js';
import { ANNOTATION } from '../kube/pod_annotation.js';
import { explainError } from '../net/errors.js';

/** How many requests are under way at a time. */
const AT_ONCE = 16;

/** Writes pods' annotations, many at a time; one that fails is tried again, and holds up no other. */
export class Annotator {
  private readonly wanted = new Map<string, string>();
  private readonly busy = new Set<string>();
  private readonly waiting = new Set<string>();
  private readonly failing = new Map<string, { readonly why: string; readonly backoff: Backoff }>();

  constructor(
    private readonly api: KubeApi,
    private readonly changed: () => void,
    private readonly signal: AbortSignal,
  ) {}

  /** Has the pod of this key annotated with `text`, instead of what was wanted before. */
  want(key: string, text: string): void {
    if (this.wanted.get(key) === text) return;
    this.wanted.set(key, text);
    this.next();
  }

  /** The pod is gone, or has what it should. */
  forget(key: string): void {
    this.wanted.delete(key);
    this.failing.delete(key);
  }

  get problems(): readonly string[] {
    return [...this.failing].map(([key, { why }]) => `Pod ${key}: ${why}`);
  }

  private next(): void {
    for (const [key, text] of this.wanted) {
      if (this.busy.size >= AT_ONCE || this.signal.aborted) return;
      if (!this.busy.has(key) && !this.waiting.has(key)) void this.write(key, text);
    }
  }

  private async write(key: string, text: string): Promise<void> {
    this.busy.add(key);
    const [namespace, name] = key.split('/').map(encodeURIComponent);
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    try {
      await this.api.patch(path, { metadata: { annotations: { [ANNOTATION]: text } } }, this.signal);
      if (this.wanted.get(key) === text) this.forget(key);
    } catch (error) {
      // The watch says so too; there is nothing to annotate.
      if (error instanceof ApiError && error.status === 404) this.forget(key);
      else this.failed(key, error);
    }
    this.busy.delete(key);
    this.next();
  }

  private failed(key: string, error: unknown): void {
    const { backoff } = this.failing.get(key) ?? { backoff: new Backoff() };
    this.failing.set(key, { why: explainError(error), backoff });
    this.waiting.add(key);
    const again = () => {
      this.waiting.delete(key);
      this.next();
    };
    setTimeout(again, backoff.after(error)).unref();
    this.changed();
  }
}
