import type { Action } from '../actions.js';
import { LOCAL, ofportOf } from '../ofport.js';
import { WIRE_LOCAL } from './match.js';
import { NICIRA } from './message.js';
import { nxmNx } from './oxm.js';
import type { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

const APPLY_ACTIONS = 4;
const OUTPUT = 0;
const POP_VLAN = 18;
const SET_FIELD = 25;
const EXPERIMENTER = 0xffff;
const NX_RESUBMIT_TABLE = 14;
const NX_CT = 35;
const NX_CT_COMMIT = 1;
/** `OFPP_NORMAL`, and `OFPP_IN_PORT` in the 16 bits that `resubmit` has for it. */
const NORMAL = 0xfffffffa;
const IN_PORT_16 = 0xfff8;
/** The value of `recirc_table` for none: the packet ends after `ct`. */
const NO_TABLE = 0xff;

/** The register that `set_reg0` sets (ovs-fields(7)). */
const REG0 = nxmNx(0, 4);

/** Writes `actions` as one apply-actions instruction, or nothing to drop (OpenFlow 1.4.1 section 7.2.4). */
export function writeInstructions(out: WireWriter, actions: readonly Action[]): void {
  if (actions.length === 0) return;
  const start = out.length;
  out.u16(APPLY_ACTIONS);
  out.u16(0);
  out.zeros(4);
  for (const action of actions) writeAction(out, action);
  out.lengthAt(start + 2, start);
}

function writeAction(out: WireWriter, action: Action): void {
  switch (action.kind) {
    case 'output':
      writeOutput(out, action.port === LOCAL ? WIRE_LOCAL : action.port);
      return;
    case 'normal':
      writeOutput(out, NORMAL);
      return;
    case 'set_reg0':
      out.u16(SET_FIELD);
      out.u16(16);
      out.u32(REG0.exact);
      out.u32(action.value);
      out.zeros(4);
      return;
    case 'pop_vlan':
      out.u16(POP_VLAN);
      out.u16(8);
      out.zeros(4);
      return;
    case 'resubmit':
      writeNicira(out, 16, NX_RESUBMIT_TABLE);
      out.u16(IN_PORT_16);
      out.u8(action.table);
      out.zeros(3);
      return;
    case 'ct':
      writeNicira(out, 24, NX_CT);
      out.u16(action.commit ? NX_CT_COMMIT : 0);
      out.u32(0);
      out.u16(action.zone);
      out.u8(action.table ?? NO_TABLE);
      out.zeros(5);
      return;
  }
}

function writeOutput(out: WireWriter, port: number): void {
  out.u16(OUTPUT);
  out.u16(16);
  out.u32(port);
  out.zeros(8);
}

function writeNicira(out: WireWriter, length: number, subtype: number): void {
  out.u16(EXPERIMENTER);
  out.u16(length);
  out.u32(NICIRA);
  out.u16(subtype);
}

/**
 * Reads the instructions of a flow.
 * @returns `undefined` for instructions that the product never writes
 * @throws MalformedMessage
 */
export function readInstructions(reader: WireReader): readonly Action[] | undefined {
  if (reader.remaining === 0) return [];
  const type = reader.u16();
  const length = reader.u16();
  const instruction = reader.part(length - 4);
  if (type !== APPLY_ACTIONS || reader.remaining > 0) return undefined;
  instruction.skip(4);
  const actions: Action[] = [];
  while (instruction.remaining > 0) {
    const actionType = instruction.u16();
    const actionLength = instruction.u16();
    const action = readAction(actionType, instruction.part(actionLength - 4));
    if (action === undefined) return undefined;
    actions.push(action);
  }
  return actions;
}

function readAction(type: number, body: WireReader): Action | undefined {
  if (type === OUTPUT) {
    const port = body.u32();
    if (port === NORMAL) return { kind: 'normal' };
    const ofport = port === WIRE_LOCAL ? LOCAL : port === LOCAL ? undefined : ofportOf(port);
    return ofport === undefined ? undefined : { kind: 'output', port: ofport };
  }
  if (type === SET_FIELD) {
    return body.u32() === REG0.exact ? { kind: 'set_reg0', value: body.u32() } : undefined;
  }
  if (type === POP_VLAN) return { kind: 'pop_vlan' };
  if (type !== EXPERIMENTER || body.u32() !== NICIRA) return undefined;
  const subtype = body.u16();
  if (subtype === NX_RESUBMIT_TABLE && body.u16() === IN_PORT_16) {
    return { kind: 'resubmit', table: body.u8() };
  }
  return subtype === NX_CT ? readCt(body) : undefined;
}

/**
 * Reads `flags | zone's source | zone | table | 3 octets | alg`. Nested actions such as NAT, which the product never
 * writes, would follow.
 */
function readCt(body: WireReader): Action | undefined {
  const flags = body.u16();
  const zoneSource = body.u32();
  const zone = body.u16();
  const table = body.u8();
  body.skip(3);
  const alg = body.u16();
  if (zoneSource !== 0 || alg !== 0 || body.remaining > 0 || (flags & ~NX_CT_COMMIT) !== 0) return undefined;
  return {
    kind: 'ct',
    zone,
    ...(flags === 0 ? {} : { commit: true }),
    ...(table === NO_TABLE ? {} : { table }),
  };
}
