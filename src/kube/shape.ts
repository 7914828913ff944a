import { ApiError } from './errors.js';
import { isRecord, type KubeObject, keyOf } from './objects.js';

/** Returns the part of a JSON value that is kept. @throws Misfit if something in that part has another type */
export type Shape<T> = (value: unknown) => T;

/** What a shape returns: the objects that are kept have these types. */
export type Kept<S> = S extends Shape<infer T> ? T : never;

type Fields<S> = { readonly [field in keyof S]?: Kept<S[field]> };

/** A value has another type than Kubernetes gives it. */
export class Misfit extends Error {
  override readonly name = 'Misfit';

  /** The path of the field, such as `spec.ports`; empty for the value itself. */
  constructor(readonly path = '') {
    super(`${path} is not what it should be`);
  }
}

/** Stands for every object of which nothing is kept. */
const NOTHING = Object.freeze({});

export const text: Shape<string> = (value) => {
  if (typeof value !== 'string') throw new Misfit();
  return value;
};

export const number: Shape<number> = (value) => {
  if (typeof value !== 'number') throw new Misfit();
  return value;
};

export const flag: Shape<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new Misfit();
  return value;
};

/** Keeps a list of values of one shape, or those of them for which `isKept` returns `true`. */
export function list<T>(shape: Shape<T>, isKept?: (value: T) => boolean): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new Misfit();
    const all = value.map(shape);
    return isKept === undefined ? all : all.filter(isKept);
  };
}

/** Keeps these fields of an object, each of which may be absent. `null` and an object without fields mean the same. */
export function fields<S extends Readonly<Record<string, Shape<unknown>>>>(shapes: S): Shape<Fields<S>> {
  const entries = Object.entries(shapes);
  return (value) => {
    if (!isRecord(value)) throw new Misfit();
    let copy: Record<string, unknown> | undefined;
    for (const [field, shape] of entries) {
      const one = value[field];
      if (one === undefined || one === null) continue;
      const kept = keepField(field, shape, one);
      if (kept === NOTHING) continue;
      copy ??= {};
      copy[field] = kept;
    }
    return (copy ?? NOTHING) as Fields<S>;
  };
}

function keepField(field: string, shape: Shape<unknown>, value: unknown): unknown {
  try {
    return shape(value);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new Misfit(error.path === '' ? field : `${field}.${error.path}`);
  }
}

/**
 * Returns the part of an object that is kept.
 * @throws ApiError `ERR_API_BAD_ANSWER`, about `what`, which names the object and the first field of another type
 */
export function keep<T>(shape: Shape<T>, object: KubeObject, what: string): T {
  try {
    return shape(object);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new ApiError(0, what, `${keyOf(object)}: ${error.message}`, { code: 'ERR_API_BAD_ANSWER' });
  }
}
