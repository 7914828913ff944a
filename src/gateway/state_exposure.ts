import { classOfId } from '../demux/classes.js';
import type { NodePort } from '../demux/state.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import type { Transport } from '../net/ports.js';
import { classIdOf } from '../openflow/cookie.js';
import { type FieldName, formatValue } from '../openflow/fields.js';
import { type FlowIdentity, splitKey } from '../openflow/flow.js';
import { Keyed } from '../openflow/keyed.js';
import { parseMatch } from '../openflow/match.js';

/** What services expose at the gateway. */
export interface Exposure {
  /** By {@link nodePortKey}. */
  readonly nodePorts: Keyed<NodePort>;
  /** External and ingress addresses. */
  readonly served: Keyed<IpAddress>;
}

/** An exposure as far as it is known. A part is `undefined` until its source knows it. */
export type KnownExposure = { readonly [K in keyof Exposure]: Exposure[K] | undefined };

export const NOTHING_EXPOSED: Exposure = { nodePorts: Keyed.EMPTY, served: Keyed.EMPTY };

export function exposureOf(nodePorts: Iterable<NodePort>, served: Iterable<IpAddress>): Exposure {
  return {
    nodePorts: Keyed.of([...nodePorts].map((one) => [nodePortKey(one), one])),
    served: Keyed.of([...served].map((one) => [one, one])),
  };
}

export function nodePortKey({ protocol, port }: NodePort): string {
  return `${protocol} ${port}`;
}

/** Returns what is known, with each unknown part taken from `last`. */
export function fillIn({ nodePorts, served }: KnownExposure, last: Exposure): Exposure {
  return { nodePorts: nodePorts ?? last.nodePorts, served: served ?? last.served };
}

export interface ExposureFacts {
  /** Whether an API server is configured. */
  readonly isConfigured: boolean;
  /** What services expose here; `undefined` until the API server's first list is here. */
  readonly exposed: KnownExposure | undefined;
  /** Whether external addresses come in at this gateway; `undefined` while the northbound has not said. */
  readonly isFirstGateway: boolean | undefined;
}

/**
 * Returns what this gateway exposes: node ports always, external addresses only if it is the first gateway, as its
 * load balancers are the ones that have them.
 */
export function knownExposure({ isConfigured, exposed, isFirstGateway }: ExposureFacts): KnownExposure {
  if (!isConfigured) return NOTHING_EXPOSED;
  const served = isFirstGateway ? exposed?.served : NOTHING_EXPOSED.served;
  return { nodePorts: exposed?.nodePorts, served: isFirstGateway === undefined ? undefined : served };
}

/** IP protocol numbers (IANA) as `nw_proto` has them. */
const TRANSPORT_OF: ReadonlyMap<bigint, Transport> = new Map([
  [6n, 'tcp'],
  [17n, 'udp'],
  [132n, 'sctp'],
]);

/**
 * Returns what services exposed when the installed flows were made. A helper that starts while the API server is away
 * keeps that.
 */
export function recoverExposure(installed: Iterable<FlowIdentity>): Exposure {
  const nodePorts: NodePort[] = [];
  const served: IpAddress[] = [];
  for (const { cookie, key } of installed) {
    const name = classOfId(classIdOf(cookie));
    if (name !== 'node-port' && name !== 'external') continue;
    const match = parseMatch(splitKey(key).where);
    const termOf = (...fields: readonly FieldName[]) => match?.find(({ field }) => fields.includes(field));
    if (name === 'node-port') {
      const protocol = TRANSPORT_OF.get(termOf('nw_proto')?.value ?? 0n);
      const port = termOf('tp_dst');
      if (protocol !== undefined && port !== undefined)
        nodePorts.push({ protocol, port: Number(port.value) });
    } else {
      const address = termOf('nw_dst', 'ipv6_dst');
      if (address !== undefined)
        served.push(parseIp(formatValue(address.field, address.value, address.mask)));
    }
  }
  return exposureOf(nodePorts, served);
}
