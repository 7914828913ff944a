/** An OpenFlow port number of a bridge: 1 to 65279 for an interface, or {@link LOCAL}. */
export type Ofport = number & { readonly __brand: 'Ofport' };

/** OFPP_LOCAL: the bridge's own internal port, which carries the host's traffic. */
export const LOCAL = 0xfffe as Ofport;

/** The largest port number of an interface (OFPP_MAX, openflow-1.0.h). */
const MAX = 0xfeff;

/**
 * Returns the port number in the `ofport` column of an Interface row, or `undefined` if ovs-vswitchd has not assigned
 * one yet or could not open the interface (-1).
 */
export function ofportOf(column: number | undefined): Ofport | undefined {
  return column === LOCAL || (column !== undefined && column >= 1 && column <= MAX)
    ? (column as Ofport)
    : undefined;
}

export function formatPort(port: number): string {
  return port === LOCAL ? 'LOCAL' : String(port);
}

export function parsePort(text: string): Ofport | undefined {
  return text === 'LOCAL' ? LOCAL : /^\d{1,5}$/.test(text) ? ofportOf(Number(text)) : undefined;
}
