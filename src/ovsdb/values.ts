import { type AnyColumn, type Atom, type AtomType, RowRef } from './columns.js';
import { BadReply } from './errors.js';

/** The value of a column in the cache. */
export type Value = Atom | undefined | readonly Atom[] | ReadonlyMap<string, string>;

/** A value of RFC 7047 section 5.1, as JSON. */
export type Wire = string | number | boolean | readonly [string, unknown];

/** Reads a wire value of `column`. @throws BadReply if it is not of the column's type */
export function fromWire(column: AnyColumn, wire: unknown): Value {
  switch (column.shape) {
    case 'scalar':
      return atomFromWire(column.atom, wire);
    case 'optional':
      return setFromWire(column.atom, wire)[0];
    case 'set':
      return setFromWire(column.atom, wire);
    case 'map':
      return mapFromWire(wire);
  }
}

/** Returns the value of a column that is not set, or that the server does not have. */
export function emptyValue(column: AnyColumn): Value {
  if (column.shape === 'map') return new Map();
  if (column.shape === 'set') return [];
  if (column.shape === 'optional') return undefined;
  return column.atom === 'boolean' ? false : column.atom === 'integer' || column.atom === 'real' ? 0 : '';
}

/** Returns `value` in the form of RFC 7047 section 5.1: `["set", …]`, `["map", …]`, `["uuid", …]`. */
export function toWire(column: AnyColumn, value: Value): Wire {
  if (isMap(value)) return ['map', [...value]];
  if (Array.isArray(value)) return ['set', value.map((atom) => atomToWire(column, atom))];
  return value === undefined ? ['set', []] : atomToWire(column, value as Atom);
}

/**
 * Applies a `modify` of `update2` to `old` (ovsdb-server(7), "Monitor Cond"). The diff of a set has the elements to
 * insert or delete. The diff of a map has the pairs to insert or change; a pair that is equal to the old one is
 * deleted. Any other diff is the new value.
 * @throws BadReply
 */
export function applyDiff(column: AnyColumn, old: Value, wire: unknown): Value {
  if (column.shape === 'set' && Array.isArray(old)) {
    // The diff is short and the set may be long, so that the one is looked up for each element of the other.
    const diff = new Set<Atom>(setFromWire(column.atom, wire));
    const left = old.filter((atom) => !diff.delete(atom));
    return [...left, ...diff];
  }
  if (column.shape === 'map' && isMap(old)) {
    const pairs = new Map(old);
    for (const [key, value] of mapFromWire(wire)) {
      if (pairs.get(key) === value) pairs.delete(key);
      else pairs.set(key, value);
    }
    return pairs;
  }
  return fromWire(column, wire);
}

/** Returns whether two values of a column are equal, regardless of the order in sets and maps. */
export function sameValue(a: Value, b: Value): boolean {
  if (isMap(a) && isMap(b)) return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
  if (Array.isArray(a) && Array.isArray(b)) {
    const elements = new Set<Atom>(b);
    return a.length === b.length && a.every((atom) => elements.has(atom));
  }
  return a === b;
}

function isMap(value: Value): value is ReadonlyMap<string, string> {
  return value instanceof Map;
}

function atomFromWire(type: AtomType, wire: unknown): Atom {
  if (type === 'uuid') {
    if (Array.isArray(wire) && wire[0] === 'uuid' && typeof wire[1] === 'string') return wire[1];
  } else if (typeof wire === JSON_TYPES[type]) return wire as Atom;
  throw new BadReply(`the server sent a value that is not a ${type}`);
}

const JSON_TYPES = { string: 'string', integer: 'number', real: 'number', boolean: 'boolean' } as const;

function setFromWire(type: AtomType, wire: unknown): Atom[] {
  if (Array.isArray(wire) && wire[0] === 'set') {
    if (Array.isArray(wire[1])) return wire[1].map((atom) => atomFromWire(type, atom));
    throw new BadReply('the server sent a set without a list of elements');
  }
  return [atomFromWire(type, wire)];
}

function mapFromWire(wire: unknown): ReadonlyMap<string, string> {
  const pairs: unknown = Array.isArray(wire) && wire[0] === 'map' ? wire[1] : undefined;
  if (!Array.isArray(pairs)) throw new BadReply('the server sent a map without a list of pairs');
  const map = new Map<string, string>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string')
      throw new BadReply('the server sent a map with something that is not a pair of strings');
    map.set(pair[0], pair[1]);
  }
  return map;
}

function atomToWire(column: AnyColumn, atom: Atom): Wire {
  if (atom instanceof RowRef) return ['named-uuid', atom.name];
  return column.atom === 'uuid' ? ['uuid', String(atom)] : atom;
}
