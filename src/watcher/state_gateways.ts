import { Kept } from '../daemon/kept.js';
import type { Problems } from '../daemon/problems.js';
import type { Claim } from '../net/claims.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { NorthboundView } from '../ovn/connection.js';
import { readForcedSnat, readGateways, readServed } from '../ovn/gateways.js';
import { rowClaims } from '../ovn/row_claims.js';

/** A gateway as services see it. */
export interface ServiceGateway {
  readonly node: string;
  readonly addresses: readonly IpAddress[];
  readonly isFirst: boolean;
  /** Whether its addresses are the host's too, so that the flows of its bridge decide which traffic it gets. */
  readonly isShared: boolean;
  /**
   * Whether its router translates the clients of all services, as `gateway-init` of an earlier version made it. Rows must
   * then say where it must not.
   */
  readonly forcesSnat?: boolean;
  /** The external addresses that its helper serves; absent for a gateway without a helper that says so. */
  readonly served?: ReadonlySet<string> | undefined;
}

/** Returns whether a gateway serves an external address; without a helper that says so, the first gateway does. */
export function serves({ isFirst, served }: ServiceGateway, ip: IpAddress): boolean {
  return served === undefined ? isFirst : served.has(ip);
}

/** What of the gateways differs from the last reading. */
export interface GatewayChanges {
  /** Whether a gateway was added, deleted or changed. */
  readonly isOther: boolean;
  /** The external addresses that a gateway's helper began or ceased to serve. */
  readonly moved: readonly string[];
}

/** The gateways as services see them, and the addresses that the northbound's rows give an owner. */
export class GatewayBook {
  private readonly known = new Kept<readonly ServiceGateway[]>([]);
  private served: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  private readonly owned = new Kept<readonly Claim[]>([]);

  get gateways(): readonly ServiceGateway[] {
    return this.known.value.map((one) => ({ ...one, served: this.served.get(one.node) }));
  }

  /** The claims of the rows; the same list until one changes. */
  get claims(): readonly Claim[] {
    return this.owned.value;
  }

  /** Reads the rows again. A gateway that cannot be read is named, and keeps what was read of it last. */
  read(db: NorthboundView, problems: Pick<Problems, 'set'>): GatewayChanges {
    this.owned.keep(rowClaims(db));
    const [gateways, before, served] = [this.known.value, this.served, readServed(db)];
    const isOther =
      this.known.keep(this.readKnown(db, problems)) !== gateways ||
      [...before.keys()].join() !== [...served.keys()].join();
    this.served = served;
    return { isOther, moved: [...served].flatMap(([node, now]) => different(before.get(node), now)) };
  }

  private readKnown(db: NorthboundView, problems: Pick<Problems, 'set'>): ServiceGateway[] {
    const unreadable: string[] = [];
    const kept: ServiceGateway[] = [];
    const read = readGateways(db, (node, error) => {
      unreadable.push(explainError(error));
      kept.push(...this.known.value.filter((gateway) => gateway.node === node));
    });
    problems.set('gateways', unreadable);
    const forced = readForcedSnat(db);
    const known = read.map(({ node, physical, isFirst, isShared }) => ({
      node,
      addresses: physical,
      isFirst,
      isShared,
      forcesSnat: forced.has(node),
    }));
    return [...known, ...kept].sort((a, b) => (a.node < b.node ? -1 : 1));
  }
}

/** Returns what is in one of the sets only. */
function different(before: ReadonlySet<string> = new Set(), after: ReadonlySet<string>): string[] {
  return [...[...before].filter((one) => !after.has(one)), ...[...after].filter((one) => !before.has(one))];
}
