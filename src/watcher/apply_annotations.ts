import type { Problems } from '../daemon/problems.js';
import { aborted, sleep } from '../daemon/sleep.js';
import type { KubeApi } from '../kube/api.js';
import { Backoff } from '../kube/backoff.js';
import { ApiError } from '../kube/errors.js';
import { ANNOTATION } from '../kube/kinds.js';
import { explainError } from '../net/errors.js';

/** How many requests are under way at a time. */
const AT_ONCE = 16;

export interface AnnotatorOptions {
  readonly api: Pick<KubeApi, 'patch'>;
  readonly problems: Pick<Problems, 'set'>;
  readonly random?: () => number;
}

/** The annotation of one pod. */
export interface WantedAnnotation {
  /** The pod's UID: another pod of the same name must not get the annotation. */
  readonly uid: string | undefined;
  readonly text: string;
}

/** Writes annotations of pods, several at a time. A write that fails is retried and holds up no other. */
export class Annotator {
  private readonly wanted = new Map<string, WantedAnnotation>();
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

  /** Annotates a pod, instead of what was wanted before. */
  want(key: string, annotation: WantedAnnotation): void {
    const before = this.wanted.get(key);
    if (before?.text === annotation.text && before.uid === annotation.uid) return;
    this.wanted.set(key, annotation);
    if (this.signal !== undefined) this.startWrites(this.signal);
  }

  /** Drops what was wanted for a pod: it is gone, or has its annotation. */
  forget(key: string): void {
    this.wanted.delete(key);
    if (this.failing.delete(key)) this.options.problems.set(ownerOf(key), []);
  }

  /** Drops an annotation, unless another is wanted for the pod by now. */
  private forgetOnly(key: string, annotation: WantedAnnotation): void {
    if (this.wanted.get(key) === annotation) this.forget(key);
  }

  private startWrites(signal: AbortSignal): void {
    for (const [key, annotation] of this.wanted) {
      if (this.busy.size >= AT_ONCE || signal.aborted) return;
      if (!this.busy.has(key) && !this.waiting.has(key)) void this.write(key, annotation, signal);
    }
  }

  private async write(key: string, annotation: WantedAnnotation, signal: AbortSignal): Promise<void> {
    this.busy.add(key);
    const [namespace, name] = key.split('/').map(encodeURIComponent);
    // The right to patch the status cannot change what a pod runs, and a status takes annotations too.
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    const { uid, text } = annotation;
    try {
      await this.options.api.patch(path, { metadata: { uid, annotations: { [ANNOTATION]: text } } }, signal);
      this.forgetOnly(key, annotation);
    } catch (error) {
      // The watch reports that too.
      if (isPodGone(error)) this.forgetOnly(key, annotation);
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

/**
 * Returns whether the server refused because the pod was deleted or replaced. It answers to another UID with 409, and
 * before Kubernetes 1.21 with 422.
 */
function isPodGone(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return [404, 409].includes(error.status) || (error.status === 422 && /metadata\.uid/.test(error.message));
}

function ownerOf(key: string): string {
  return `annotation of ${key}`;
}
