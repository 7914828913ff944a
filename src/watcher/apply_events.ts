import { createHash } from 'node:crypto';
import type { Problems } from '../daemon/problems.js';
import { WATCHER } from '../daemon/programs.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import type { KubeApi } from '../kube/api.js';
import { Backoff } from '../kube/backoff.js';
import { ApiError } from '../kube/errors.js';
import { explainError } from '../net/errors.js';
import { printableLine } from '../net/printable.js';

/** The least time between two Events, in milliseconds. */
const PACE_MS = 200;
/** The most Events that wait; more are dropped, since `status` has all of them. */
const MOST_WAITING = 500;
/** The most Events of one service at a time. */
const MOST_TEXTS = 20;
/** The longest `message` of an Event (Kubernetes, "Event"). */
const MOST_CHARACTERS = 1_024;
/** What every Event of the watcher has as its `reason`. */
const REASON = 'PartlyServed';
/** The longest wait for something to write, in milliseconds. */
const IDLE_MS = 3_600_000;

export interface EventWriterOptions {
  readonly api: Pick<KubeApi, 'create'>;
  readonly problems: Pick<Problems, 'set'>;
  readonly now: () => Date;
  /** The least time between two Events, in milliseconds. */
  readonly paceMs?: number;
  readonly random?: () => number;
}

/** A service, by `NAMESPACE/NAME` and its UID. */
export interface EventSubject {
  readonly service: string;
  readonly uid: string | undefined;
}

interface Waiting extends EventSubject {
  readonly owner: string;
  readonly text: string;
}

/**
 * Writes Events that say what a service does not get, for `kubectl describe service`. Each text is one Event until the
 * server forgets it, also after a restart of the watcher. Events are few and slow, and nothing waits for them: `status`
 * has the same lines.
 */
export class EventWriter implements Source {
  private readonly said = new Map<string, ReadonlySet<string>>();
  private readonly waiting: Waiting[] = [];
  private readonly wakeup = new Wakeup();

  constructor(private readonly options: EventWriterOptions) {}

  /** Replaces what `owner` says of a service. Texts that it did not say before become Events. */
  say(owner: string, subject: EventSubject, texts: readonly string[]): void {
    const before = this.said.get(owner);
    const now = new Set(texts.slice(0, MOST_TEXTS));
    if (now.size === 0) this.said.delete(owner);
    else this.said.set(owner, now);
    for (const text of now)
      if (before?.has(text) !== true && this.waiting.length < MOST_WAITING)
        this.waiting.push({ ...subject, owner, text });
    if (this.waiting.length > 0) this.wakeup.ring();
  }

  /** Writes Events until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { problems, paceMs = PACE_MS, random } = this.options;
    const backoff = new Backoff(random);
    while (!signal.aborted) {
      const next = this.waiting[0];
      if (next === undefined) {
        await this.wakeup.wait(IDLE_MS, signal);
        continue;
      }
      try {
        if (this.said.get(next.owner)?.has(next.text) === true) await this.write(next, signal);
        problems.set('events', []);
        backoff.reset();
        this.waiting.shift();
        await sleep(paceMs, signal);
      } catch (error) {
        if (isDenied(error)) problems.set('events', [deniedText(error)]);
        await sleep(backoff.after(error), signal);
      }
    }
  }

  private async write({ service, uid, text }: Waiting, signal: AbortSignal): Promise<void> {
    const [namespace = '', name = ''] = service.split('/');
    const hash = createHash('sha256').update(`${uid} ${text}`).digest('hex').slice(0, 16);
    const time = this.options
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    try {
      await this.options.api.create(
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
        {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { namespace, name: `${name}.${hash}` },
          involvedObject: { apiVersion: 'v1', kind: 'Service', namespace, name, ...(uid && { uid }) },
          reason: REASON,
          message: printableLine(text).slice(0, MOST_CHARACTERS),
          type: 'Warning',
          count: 1,
          firstTimestamp: time,
          lastTimestamp: time,
          source: { component: WATCHER },
        },
        signal,
      );
    } catch (error) {
      if (!isDropped(error)) throw error;
    }
  }
}

/**
 * Returns whether an Event is dropped: the server has it already, its namespace is about to be deleted, or the server
 * does not take it, which would not change.
 */
function isDropped(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500) return false;
  if (error.status === 403) return /being terminated/.test(error.message);
  return error.status !== 401 && error.status !== 429;
}

function isDenied(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}

function deniedText(error: unknown): string {
  return `Events cannot be written: ${explainError(error)}; apply packaging/kubernetes/rbac.yaml`;
}
