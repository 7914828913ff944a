import { FIELD_NAMES, type FieldName, fullMask, orderOf, wireOf } from '../fields.js';
import { extend, type Match, type Term, term } from '../match.js';
import { LOCAL } from '../ofport.js';
import { UnencodableFlow } from './errors.js';
import { type Oxm, oxm } from './oxm.js';
import type { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

/** `OFPMT_OXM`, the only kind of match since OpenFlow 1.2 (OpenFlow 1.4.1 section 7.2.3.1). */
const OXM_MATCH = 1;
/** `OFPP_LOCAL` as a port of 32 bits. */
export const WIRE_LOCAL = 0xfffffffe;

/**
 * Writes `match` as `type | length | TLVs`, padded to eight octets.
 * @throws UnencodableFlow
 */
export function writeMatch(out: WireWriter, match: Match): void {
  const start = out.length;
  out.u16(OXM_MATCH);
  out.u16(0);
  let protocol: bigint | undefined;
  for (const one of match) {
    if (one.field === 'nw_proto') protocol = one.value;
    if (one.mask !== 0n) writeTerm(out, one, placeOf(one.field, protocol));
  }
  out.lengthAt(start + 2, start);
  out.pad8(start);
}

/** Writes the octets of a match that could not be parsed. */
export function writeRawMatch(out: WireWriter, tlvs: Uint8Array): void {
  const start = out.length;
  out.u16(OXM_MATCH);
  out.u16(4 + tlvs.length);
  out.raw(tlvs);
  out.pad8(start);
}

function placeOf(field: FieldName, protocol: bigint | undefined): Oxm {
  const wire = wireOf(field);
  if ('exact' in wire) return wire;
  const place = protocol === undefined ? undefined : wire.get(protocol);
  if (place === undefined) {
    throw new UnencodableFlow(`${field} means nothing under nw_proto=${protocol ?? 'any'}`);
  }
  return place;
}

function writeTerm(out: WireWriter, { field, value, mask }: Term, { exact, masked, bytes }: Oxm): void {
  const isExact = mask === fullMask(field);
  out.u32(isExact ? exact : masked);
  out.number(field === 'in_port' ? wirePort(value) : value, bytes);
  if (!isExact) out.number(mask, bytes);
}

function wirePort(port: bigint): bigint {
  return port === BigInt(LOCAL) ? BigInt(WIRE_LOCAL) : port;
}

/** Terms read before, by their octets. */
export type KnownTerms = Map<string, Term>;

/**
 * Reads the TLVs of a match.
 * @returns `undefined` if there is one that the product never writes
 * @throws MalformedMessage
 */
export function readTerms(reader: WireReader, known: KnownTerms = new Map()): Match | undefined {
  const terms: Term[] = [];
  while (reader.remaining > 0) {
    const header = reader.u32();
    const value = reader.part(header & 0xff);
    const spelled = `${header} ${value.latin1()}`;
    const found = known.get(spelled) ?? readTerm(header, value);
    if (found === undefined) return undefined;
    known.set(spelled, found);
    terms.push(found);
  }
  return terms.every(({ field }, i) => i === 0 || isAfter(field, terms[i - 1]))
    ? terms
    : extend([], ...terms);
}

function isAfter(field: FieldName, before: Term | undefined): boolean {
  return before !== undefined && orderOf(before.field) < orderOf(field);
}

/** Returns the part of a match with the TLVs. @throws MalformedMessage */
export function readMatchPart(reader: WireReader): WireReader {
  const type = reader.u16();
  const length = reader.u16();
  const tlvs = reader.part(type === OXM_MATCH ? length - 4 : 0);
  reader.skip(-length & 7);
  return tlvs;
}

function readTerm(header: number, octets: WireReader): Term | undefined {
  const place = PLACES.get(header);
  if (place === undefined) return undefined;
  const { field, bytes, isMasked, width } = place;
  const value = octets.number(bytes);
  const mask = isMasked ? octets.number(bytes) & width : width;
  return term(field, field === 'in_port' && value === BigInt(WIRE_LOCAL) ? LOCAL : value, mask);
}

interface Place {
  readonly field: FieldName;
  readonly bytes: number;
  readonly isMasked: boolean;
  /** A mask of ones over the bits of the field that the TLV has. */
  readonly width: bigint;
}

/** `OXM_OF_VLAN_VID`: OVS's form for a `vlan_tci` whose mask covers VID and CFI only; CFI is the bit "has a tag". */
const VLAN_VID = oxm(6, 2);

/** Every TLV that can be read, by its header, which includes its only valid length. */
const PLACES: ReadonlyMap<number, Place> = new Map([
  ...FIELD_NAMES.flatMap((field) => wiresOf(field).flatMap((wire) => placesOf(wire, field, fullMask(field)))),
  ...placesOf(VLAN_VID, 'vlan_tci', 0x1fffn),
]);

function wiresOf(field: FieldName): readonly Oxm[] {
  const wire = wireOf(field);
  return 'exact' in wire ? [wire] : [...wire.values()];
}

function placesOf({ exact, masked, bytes }: Oxm, field: FieldName, width: bigint): [number, Place][] {
  return [
    [exact, { field, bytes, width, isMasked: false }],
    [masked, { field, bytes, width, isMasked: true }],
  ];
}
