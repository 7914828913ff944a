import type { Budget } from './budget.js';
import { ApiError } from './errors.js';
import { type KubeObject, weigh } from './objects.js';

/** What an entry of a map takes besides the characters of its key, in bytes. */
const ENTRY_BYTES = 80;

/** The objects of a list that is still being read, by key. */
export class ObjectList<T extends KubeObject> {
  readonly objects = new Map<string, T>();
  weight = 0;

  add(key: string, object: T): void {
    this.weight += weighEntry(key, object) - weighEntry(key, this.objects.get(key));
    this.objects.set(key, object);
  }
}

/** A copy of the objects at one path of the API, which takes no more memory than `budget` has. */
export class ObjectCopy<T extends KubeObject> {
  private readonly known = new Map<string, T>();
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

  /**
   * Adds an object to a list. The copy takes the larger of what it holds and of the list, though it holds both until
   * the list ends: counting both would refuse a cluster that takes more than half of the budget. All copies of a server
   * therefore take twice the budget at most, if each is being listed again.
   * @throws ApiError if the list takes too much memory
   */
  extend(list: ObjectList<T>, key: string, object: T): void {
    list.add(key, object);
    this.spend(Math.max(this.weight, list.weight));
  }

  /** Takes over a list. Objects of the same version are taken as unchanged unless `isBack`. */
  replace(list: ObjectList<T>, isBack: boolean): void {
    const gone = [...this.known.keys()].filter((key) => !list.objects.has(key));
    for (const [key, object] of list.objects) this.take(key, object, isBack);
    for (const key of gone) this.drop(key);
    this.budget.take(this, this.weight);
  }

  /** Adds or changes an object. @throws ApiError if there is no memory left for it */
  put(key: string, object: T): void {
    this.spend(this.weight + weighEntry(key, object) - weighEntry(key, this.known.get(key)));
    this.take(key, object, false);
  }

  /** Removes an object, if there is one. */
  drop(key: string): void {
    this.weight -= weighEntry(key, this.known.get(key));
    if (this.known.delete(key)) this.changed(key);
  }

  private take(key: string, object: T, isBack: boolean): void {
    const before = this.known.get(key);
    const isSame = before?.metadata?.resourceVersion === object.metadata?.resourceVersion;
    if (before !== undefined && isSame && !isBack) return;
    this.weight += weighEntry(key, object) - weighEntry(key, before);
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

/** Returns an estimate of the memory that an object takes in a map, in bytes; 0 for none. Objects never change. */
function weighEntry(key: string, object: KubeObject | undefined): number {
  return object === undefined ? 0 : ENTRY_BYTES + key.length + weigh(object);
}
