import type { NodePort } from '../demux/state.js';
import type { Service } from '../kube/kinds.js';
import { externalAddresses, portRefusal, servicePorts } from '../kube/service.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';

/** What only one service can have: a node port, or a port of an address. */
export type ExposedPort =
  | { readonly name: string; readonly nodePort: NodePort }
  | { readonly name: string; readonly address: IpAddress; readonly port: NodePort };

/** What one service exposes, each name once. */
export interface ReadService {
  readonly exposed: readonly ExposedPort[];
  /** One line for each node port that no service gets. */
  readonly refused: readonly string[];
  /** Why the service cannot be read. It exposes nothing then. */
  readonly problem?: string;
}

/** Reads what one service exposes. A service that makes no sense is a problem, not an exception. */
export function readService(service: Service): ReadService {
  try {
    const ports = servicePorts(service);
    const refused: string[] = [];
    const nodePorts = ports.flatMap(({ protocol, nodePort: port }): ExposedPort[] => {
      if (port === undefined) return [];
      const refusal = portRefusal(port);
      if (refusal === undefined)
        return [{ name: `node port ${protocol} ${port}`, nodePort: { protocol, port } }];
      refused.push(`node port ${protocol} ${port} is refused: ${refusal}`);
      return [];
    });
    const addressPorts = externalAddresses(service).flatMap((address) =>
      ports.map(
        ({ protocol, port }): ExposedPort => ({
          name: `${protocol} ${address} port ${port}`,
          address,
          port: { protocol, port },
        }),
      ),
    );
    const byName = new Map([...nodePorts, ...addressPorts].map((one) => [one.name, one]));
    return { exposed: [...byName.values()], refused };
  } catch (error) {
    return { exposed: [], refused: [], problem: `${explainError(error)}; it is left out` };
  }
}
