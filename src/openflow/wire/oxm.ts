/** A match field on the wire: the headers of its TLV without and with a mask, and the number of octets of a value. */
export interface Oxm {
  readonly exact: number;
  readonly masked: number;
  readonly bytes: number;
}

/** Returns a field of OpenFlow's own class (OpenFlow 1.4.1 section 7.2.3.7). */
export function oxm(field: number, bytes: number): Oxm {
  return tlv(0x8000, field, bytes);
}

/** Returns a field of Nicira's first class, `NXM_OF_…` (ovs-fields(7)). */
export function nxmOf(field: number, bytes: number): Oxm {
  return tlv(0x0000, field, bytes);
}

/** Returns a field of Nicira's second class, `NXM_NX_…` (ovs-fields(7)). */
export function nxmNx(field: number, bytes: number): Oxm {
  return tlv(0x0001, field, bytes);
}

/** A header is `class | field | has mask | length`, of 16, 7, 1 and 8 bits. */
function tlv(oxmClass: number, field: number, bytes: number): Oxm {
  const header = oxmClass * 0x10000 + field * 0x200;
  return { exact: header + bytes, masked: header + 0x100 + 2 * bytes, bytes };
}
