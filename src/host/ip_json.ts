import { ProductError } from '../net/errors.js';

/**
 * The kind of a field. `word` is a text or a number, since `ip -N` prints either. A shape in `each` is a list of objects,
 * in `one` an object.
 */
type Field = 'text' | 'number' | 'word' | 'texts' | { readonly each: Shape } | { readonly one: Shape };

/** The fields of an object that `ip -json` prints. Fields that are not named, such as flags, are kept as they are. */
export interface Shape {
  readonly required: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
}

/**
 * Parses the output of `ip -json`, which has an empty object for each entry that its filter left out, and checks that the
 * entries have this shape.
 * @throws ProductError `ERR_IP` naming the field
 */
export function parseIpJson<T>(stdout: string, shape: Shape): T[] {
  let value: unknown;
  try {
    value = JSON.parse(stdout || '[]');
  } catch (error) {
    throw new ProductError('ERR_IP', 'ip -json: the output is not JSON', { cause: error });
  }
  return readObjects<T>(value, shape, 'the output');
}

/** Checks a list of objects; omits empty ones. @throws ProductError `ERR_IP` */
export function readObjects<T>(value: unknown, shape: Shape, what: string): T[] {
  if (!Array.isArray(value)) throw wrong(what, 'a list');
  return value
    .map((one) => readObject<T>(one, shape, what))
    .filter((one): one is NonNullable<typeof one> => one !== undefined);
}

/** Checks an object. @returns `undefined` for an empty one @throws ProductError `ERR_IP` */
export function readObject<T>(value: unknown, shape: Shape, what: string): T | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what, 'an object');
  // A named field without a value is printed as null, such as "link" of sit0@NONE.
  const fields = new Map(
    Object.entries(value).filter(([name, field]) => field !== null || kindOf(shape, name) === undefined),
  );
  const isEmpty = Object.keys(value).length === 0 || (fields.size === 0 && shape.required.length === 0);
  if (isEmpty) return undefined;
  for (const name of shape.required) if (!fields.has(name)) throw wrong(`"${name}" of ${what}`, 'there');
  const read = [...fields].map(([name, field]) => {
    const kind = kindOf(shape, name);
    return [name, kind === undefined ? field : readField(field, kind, `"${name}" of ${what}`)];
  });
  return Object.fromEntries(read) as T;
}

function kindOf(shape: Shape, name: string): Field | undefined {
  return Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
}

function readField(value: unknown, kind: Field, what: string): unknown {
  if (typeof kind === 'object') {
    return 'each' in kind ? readObjects(value, kind.each, what) : readObject(value, kind.one, what);
  }
  const isText = typeof value === 'string';
  const isNumber = Number.isSafeInteger(value);
  switch (kind) {
    case 'text':
      if (isText) return value;
      throw wrong(what, 'a text');
    case 'number':
      if (isNumber) return value;
      throw wrong(what, 'a whole number');
    case 'word':
      if (isText || isNumber) return value;
      throw wrong(what, 'a text or a whole number');
    case 'texts':
      if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
      throw wrong(what, 'a list of texts');
  }
}

function wrong(what: string, expected: string): ProductError {
  return new ProductError('ERR_IP', `ip -json: ${what} is not ${expected}`);
}
