import { isServiceBalancer, type LoadBalancerRow } from '../ovn/load_balancers.js';
import type { Uuid } from '../ovsdb/columns.js';

/** A virtual address and a destination of it, each `ADDRESS:PORT` as OVN writes it. */
export interface Destination {
  readonly vip: string;
  readonly endpoint: string;
}

type Row = Pick<LoadBalancerRow, 'vips' | 'external_ids'>;

const NOTHING: ReadonlyMap<string, string> = new Map();

/** The destinations of the services' virtual addresses. A change costs what the changed rows have. */
export class Destinations {
  private rows: ReadonlyMap<Uuid, Row> = new Map();
  /** The destinations of each virtual address, by row: a service may have rows for several scopes. */
  private readonly byVip = new Map<string, Map<Uuid, string>>();
  /** The destinations of the virtual addresses that were asked about since the last call of {@link take}. */
  private readonly asked = new Map<string, ReadonlySet<string>>();

  /**
   * Takes the rows as they are now.
   * @returns the destinations that left since the last call. One that moved to another row did not leave.
   */
  take(rows: ReadonlyMap<Uuid, Row>): Destination[] {
    const before = new Map<string, ReadonlySet<string>>();
    for (const uuid of new Set([...this.rows.keys(), ...rows.keys()])) {
      const [old, now] = [this.rows.get(uuid), rows.get(uuid)];
      if (old === now) continue;
      const [was, is] = [vipsOf(old), vipsOf(now)];
      for (const vip of new Set([...was.keys(), ...is.keys()])) {
        if (was.get(vip) === is.get(vip)) continue;
        if (!before.has(vip)) before.set(vip, this.endpointsOf(vip));
        this.put(vip, uuid, is.get(vip));
      }
    }
    this.rows = new Map(rows);
    this.asked.clear();
    return [...before].flatMap(([vip, endpoints]) => {
      const left = this.endpointsOf(vip);
      return [...endpoints].filter((one) => !left.has(one)).map((endpoint) => ({ vip, endpoint }));
    });
  }

  has({ vip, endpoint }: Destination): boolean {
    return this.known(vip).has(endpoint);
  }

  /** Returns whether a virtual address is a service's and has other destinations only. */
  lacks({ vip, endpoint }: Destination): boolean {
    return this.byVip.has(vip) && !this.known(vip).has(endpoint);
  }

  private put(vip: string, uuid: Uuid, endpoints: string | undefined): void {
    const rows = this.byVip.get(vip) ?? new Map<Uuid, string>();
    if (endpoints === undefined) rows.delete(uuid);
    else rows.set(uuid, endpoints);
    if (rows.size === 0) this.byVip.delete(vip);
    else this.byVip.set(vip, rows);
  }

  private known(vip: string): ReadonlySet<string> {
    const found = this.asked.get(vip) ?? this.endpointsOf(vip);
    this.asked.set(vip, found);
    return found;
  }

  private endpointsOf(vip: string): ReadonlySet<string> {
    const texts = [...(this.byVip.get(vip)?.values() ?? [])];
    return new Set(texts.flatMap((text) => text.split(',')).filter((one) => one !== ''));
  }
}

function vipsOf(row: Row | undefined): ReadonlyMap<string, string> {
  return row !== undefined && isServiceBalancer(row) ? row.vips : NOTHING;
}
