import type { Budget } from './budget.js';
import { ApiError } from './errors.js';
import { type KubeObject, weigh } from './objects.js';

/** The objects of a list that is still being read, by key. */
export class ObjectList<T extends KubeObject> {
  readonly objects = new Map<string, T>();
  readonly weights = new Map<string, number>();
  weight = 0;

  add(key: string, object: T): void {
    const weight = weigh(object);
    this.weight += weight - (this.weights.get(key) ?? 0);
    this.objects.set(key, object);
    this.weights.set(key, weight);
  }
}

/** A copy of the objects at one path of the API, which takes no more memory than `budget` has. */
export class ObjectCopy<T extends KubeObject> {
  private readonly known = new Map<string, T>();
  private readonly weights = new Map<string, number>();
  private weight = 0;

  constructor(
    private readonly what: string,
    private readonly budget: Budget,
    /** Receives the key of each object that was added, changed or deleted. */
    private readonly changed: (key: string) => void,
  ) {}

  get objects(): ReadonlyMap<string, T> {
    return this.known;
  }

  /** Adds an object to a list. @throws ApiError if the list takes too much memory */
  extend(list: ObjectList<T>, key: string, object: T): void {
    list.add(key, object);
    this.spend(list.weight);
  }

  /** Takes over a list. Objects of the same version are taken as unchanged unless `isBack`. */
  replace(list: ObjectList<T>, isBack: boolean): void {
    const gone = [...this.known.keys()].filter((key) => !list.objects.has(key));
    for (const [key, object] of list.objects) this.take(key, object, list.weights.get(key) ?? 0, isBack);
    for (const key of gone) this.drop(key);
    this.budget.take(this, this.weight);
  }

  /** Adds or changes an object. @throws ApiError if there is no memory left for it */
  put(key: string, object: T): void {
    const weight = weigh(object);
    this.spend(this.weight + weight - (this.weights.get(key) ?? 0));
    this.take(key, object, weight, false);
  }

  /** Removes an object, if there is one. */
  drop(key: string): void {
    this.weight -= this.weights.get(key) ?? 0;
    this.weights.delete(key);
    if (this.known.delete(key)) this.changed(key);
  }

  private take(key: string, object: T, weight: number, isBack: boolean): void {
    const before = this.known.get(key);
    const isSame = before?.metadata?.resourceVersion === object.metadata?.resourceVersion;
    if (before !== undefined && isSame && !isBack) return;
    this.weight += weight - (this.weights.get(key) ?? 0);
    this.weights.set(key, weight);
    this.known.set(key, object);
    this.changed(key);
  }

  private spend(weight: number): void {
    if (this.budget.take(this, weight)) return;
    const most = Math.round(this.budget.most / 2 ** 20);
    throw new ApiError(0, this.what, `the objects take more than ${most} MiB of memory`, {
      code: 'ERR_API_LIMIT',
    });
  }
}
