import { type Cidr, networkOf } from '../net/cidr.js';
import type { Family, IpAddress } from '../net/ip.js';
import { TRANSPORTS } from '../net/ports.js';
import { type SetName, setOf } from './desired_sets.js';

/** A statement or an expression of a rule (libnftables-json(5)). */
export type Expression = Readonly<Record<string, unknown>>;

export const DROP: Expression = { drop: null };
/** The protocol and the port that a packet is for. */
export const PORT: readonly Expression[] = [meta('l4proto'), { payload: { protocol: 'th', field: 'dport' } }];
/** Matches the protocols with ports. nft translates a port only after such a match. */
export const HAS_PORT: Expression = match(meta('l4proto'), { set: TRANSPORTS });

export function meta(key: string): Expression {
  return { meta: { key } };
}

export function ip(family: Family, field: 'saddr' | 'daddr'): Expression {
  return { payload: { protocol: protocolOf(family), field } };
}

/** Returns the address, the protocol and the port that a packet is for. */
export function addressAndPort(family: Family): readonly Expression[] {
  return [ip(family, 'daddr'), ...PORT];
}

export function match(left: Expression, right: unknown, op = '=='): Expression {
  return { match: { op, left, right } };
}

export function differsFromAll(left: Expression, values: readonly unknown[]): Expression {
  return match(left, { set: values }, '!=');
}

/** Matches a packet whose key is in a set of its family; with `!=`, one whose key is not. */
export function inSet(
  key: readonly Expression[],
  name: SetName,
  family: Family,
  op: '==' | '!=' = '==',
): Expression {
  return match(key.length === 1 ? (key[0] ?? {}) : { concat: key }, `@${setOf(name, family)}`, op);
}

/** Matches packets to an address of a set of hosts' addresses. */
export function toHost(family: Family, whose: 'own' | 'answering' | 'nodes'): Expression {
  return inSet([ip(family, 'daddr')], whose, family);
}

/** Translates the destination to an address, and its port to what a map has for the key. */
export function toPortOf(
  family: Family,
  addr: IpAddress,
  key: readonly Expression[],
  name: SetName,
): Expression {
  return { dnat: { family: protocolOf(family), addr, port: lookUp(key, setOf(name, family)) } };
}

/** Translates the destination to the address and the port that the two maps of a name have for the key. */
export function toEndpoint(family: Family, key: readonly Expression[], name: SetName): Expression {
  const map = setOf(name, family);
  const [addr, port] = [addressMap(map), portMap(map)].map((half) => lookUp(key, half));
  return { dnat: { family: protocolOf(family), addr, port } };
}

/** Translates the address of the destination, and keeps the port. */
export function toAddress(family: Family, addr: IpAddress): Expression {
  return { dnat: { family: protocolOf(family), addr } };
}

export function fromAddress(family: Family, addr: IpAddress): Expression {
  return { snat: { family: protocolOf(family), addr } };
}

/** Sets a bit of a mark, and leaves the others as they are. */
export function setMark(of: 'ct' | 'meta', bit: number): Expression {
  const key = { [of]: { key: 'mark' } };
  return { mangle: { key, value: { '|': [key, bit] } } };
}

export function network(cidr: Cidr): Expression {
  const { address, prefix } = networkOf(cidr);
  return { prefix: { addr: address, len: prefix } };
}

/** nft 1.0.6 reads no map to an address and a port from JSON, so each such map is two, with the same keys. */
export function addressMap(set: string): string {
  return `${set}_address`;
}

export function portMap(set: string): string {
  return `${set}_port`;
}

function lookUp(key: readonly Expression[], map: string): Expression {
  return { map: { key: { concat: key }, data: `@${map}` } };
}

function protocolOf(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}
