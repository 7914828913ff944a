import type { NodePort } from '../demux/state.js';
import type { Service } from '../kube/kinds.js';
import { externalAddresses, portRefusal, servicePorts, sourceRanges } from '../kube/service.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';

/** What only one service can have: a node port, or a port of an address. */
export interface ExposedPort {
  readonly name: string;
  /** With the only clients that reach it. */
  readonly port: NodePort;
  /** `undefined` for a node port. */
  readonly address?: IpAddress;
}

/** What one service exposes, each name once. */
export interface ReadService {
  readonly exposed: readonly ExposedPort[];
  /** One line for each node port that no service gets, and for source ranges that are too many. */
  readonly refused: readonly string[];
  /** Why the service cannot be read. It exposes nothing then. */
  readonly problem?: string;
}

/** The most flows that the source ranges of one service take: one for each range at each port of each address. */
const MOST_RESTRICTED = 5_000;
const TOO_MUCH = `take more than ${MOST_RESTRICTED} flows, so no client outside is allowed; make several services of it`;

/** Reads what one service exposes. A service that makes no sense is a problem, not an exception. */
export function readService(service: Service): ReadService {
  try {
    const ports = servicePorts(service);
    const ranges = sourceRanges(service);
    const isMuch = ranges !== undefined && isTooMuch(service, ports.length, ranges.length);
    const only = ranges === undefined ? {} : { sources: isMuch ? [] : ranges };
    const refused = isMuch ? [`${ranges.length} source ranges ${TOO_MUCH}`] : [];
    const nodePorts = ports.flatMap(({ protocol, nodePort: port }): ExposedPort[] => {
      if (port === undefined) return [];
      const refusal = portRefusal(protocol, port);
      if (refusal === undefined)
        return [{ name: `node port ${protocol} ${port}`, port: { protocol, port, ...only } }];
      refused.push(`node port ${protocol} ${port} is refused: ${refusal}`);
      return [];
    });
    const addressPorts = externalAddresses(service).flatMap((address) =>
      ports.map(
        ({ protocol, port }): ExposedPort => ({
          name: `${protocol} ${address} port ${port}`,
          address,
          port: { protocol, port, at: [address], ...only },
        }),
      ),
    );
    const byName = new Map([...nodePorts, ...addressPorts].map((one) => [one.name, one]));
    return { exposed: [...byName.values()], refused };
  } catch (error) {
    return { exposed: [], refused: [], problem: `${explainError(error)}; it is left out` };
  }
}

/**
 * Returns whether the source ranges are too many. The service keeps its ports then, without a client: another service
 * may have the same address, and OVN's load balancers know no ranges.
 */
function isTooMuch(service: Service, ports: number, ranges: number): boolean {
  return ports * (1 + externalAddresses(service).length) * ranges > MOST_RESTRICTED;
}
