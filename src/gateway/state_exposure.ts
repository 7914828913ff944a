import type { NodePort, RestrictedPort } from '../demux/state.js';
import type { IpAddress } from '../net/ip.js';
import { Keyed } from '../openflow/keyed.js';

/** What services expose at the gateway. */
export interface Exposure {
  /** By {@link nodePortKey}. */
  readonly nodePorts: Keyed<NodePort>;
  /** External and ingress addresses. */
  readonly served: Keyed<IpAddress>;
  /** Ports of members of `served`, by {@link restrictedKey}. */
  readonly restricted: Keyed<RestrictedPort>;
}

/** An exposure as far as it is known. A part is `undefined` until its source knows it. */
export type KnownExposure = { readonly [K in keyof Exposure]: Exposure[K] | undefined };

export const NOTHING_EXPOSED: Exposure = {
  nodePorts: Keyed.EMPTY,
  served: Keyed.EMPTY,
  restricted: Keyed.EMPTY,
};

export function exposureOf(
  nodePorts: Iterable<NodePort>,
  served: Iterable<IpAddress>,
  restricted: Iterable<RestrictedPort> = [],
): Exposure {
  return {
    nodePorts: Keyed.of([...nodePorts].map((one) => [nodePortKey(one), one])),
    served: Keyed.of([...served].map((one) => [one, one])),
    restricted: Keyed.of([...restricted].map((one) => [restrictedKey(one), one])),
  };
}

/** Returns what identifies a node port. No two have the same protocol, port and address. */
export function nodePortKey({ protocol, port, at }: NodePort): string {
  return at === undefined ? `${protocol} ${port}` : `${protocol} ${port} ${at.join()}`;
}

export function restrictedKey({ address, protocol, port }: Omit<RestrictedPort, 'sources'>): string {
  return `${address} ${protocol} ${port}`;
}

/** Returns what is known, with each unknown part taken from `last`, and no restricted port of an address not served. */
export function fillIn(known: KnownExposure, last: Exposure, ofServed = restrictedOfServed): Exposure {
  const { nodePorts = last.nodePorts, served = last.served, restricted = last.restricted } = known;
  return { nodePorts, served, restricted: ofServed(restricted, served) };
}

/** The restricted ports whose address is served. While no address changes, a step costs only what changed. */
export class ServedRestrictions {
  private last:
    | {
        readonly restricted: Exposure['restricted'];
        readonly served: Exposure['served'];
        readonly result: Exposure['restricted'];
      }
    | undefined;

  of(restricted: Exposure['restricted'], served: Exposure['served']): Exposure['restricted'] {
    const { last } = this;
    const result =
      last?.served === served
        ? last.result.with(
            last.restricted
              .differences(restricted)
              .map(({ key, after }) => [key, after && served.get(after.address) && after]),
          )
        : restrictedOfServed(restricted, served);
    this.last = { restricted, served, result };
    return result;
  }
}

/** Returns the restricted ports whose address is served. */
export function restrictedOfServed(
  restricted: Exposure['restricted'],
  served: Exposure['served'],
): Exposure['restricted'] {
  const others = [...restricted].filter(({ address }) => served.get(address) === undefined);
  return others.length === 0
    ? restricted
    : restricted.with(others.map((one) => [restrictedKey(one), undefined]));
}

export interface ExposureFacts {
  /** Whether an API server is configured. */
  readonly isConfigured: boolean;
  /** What services expose here; `undefined` until the API server's first list is here. */
  readonly exposed: KnownExposure | undefined;
  /** Whether this gateway serves external addresses; `undefined` while the northbound has not said. */
  readonly isServing: boolean | undefined;
}

/**
 * Returns what this gateway exposes: node ports always, external addresses only if it serves them: its load balancers
 * are the ones that have them then.
 */
export function knownExposure({ isConfigured, exposed, isServing }: ExposureFacts): KnownExposure {
  if (!isConfigured) return NOTHING_EXPOSED;
  const served = isServing ? exposed?.served : NOTHING_EXPOSED.served;
  return {
    nodePorts: exposed?.nodePorts,
    served: isServing === undefined ? undefined : served,
    restricted: exposed?.restricted,
  };
}
