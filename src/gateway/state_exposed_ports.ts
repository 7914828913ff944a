import type { NodePort } from '../demux/state.js';
import type { Service } from '../kube/kinds.js';
import { externalAddresses, portRefusal, servicePorts, sourceRanges } from '../kube/service.js';
import type { Cidr } from '../net/cidr.js';
import { explainError, ProductError } from '../net/errors.js';
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
  /** One line for each node port that no service gets. */
  readonly refused: readonly string[];
  /** Why the service cannot be read. It exposes nothing then. */
  readonly problem?: string;
}

/** The most pairs of a port and a source range of one service: each takes a flow at each address. */
const MOST_RESTRICTED = 5_000;

/** Reads what one service exposes. A service that makes no sense is a problem, not an exception. */
export function readService(service: Service): ReadService {
  try {
    const ports = servicePorts(service);
    const ranges = sourceRanges(service);
    const only = ranges === undefined ? {} : { sources: ranges };
    const refused: string[] = [];
    const nodePorts = ports.flatMap(({ protocol, nodePort: port }): ExposedPort[] => {
      if (port === undefined) return [];
      const refusal = portRefusal(port);
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
    if (ranges !== undefined) refuseMany(byName.size, ranges);
    return { exposed: [...byName.values()], refused };
  } catch (error) {
    return { exposed: [], refused: [], problem: `${explainError(error)}; it is left out` };
  }
}

function refuseMany(ports: number, ranges: readonly Cidr[]): void {
  if (ports * ranges.length <= MOST_RESTRICTED) return;
  throw new ProductError(
    'ERR_SERVICE',
    `${ranges.length} source ranges at ${ports} ports are more than ${MOST_RESTRICTED} together; make several services of it`,
  );
}
