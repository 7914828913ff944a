import type { V1Service } from '@kubernetes/client-node';
import type { NodePort } from '../demux/state.js';
import { externalAddresses, servicePorts } from '../kube/service.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';

/** What only one service can have: a node port, or a port of an address. */
export type ExposedPort =
  | { readonly name: string; readonly nodePort: NodePort }
  | { readonly name: string; readonly address: IpAddress };

/** What one service exposes, each name once. */
export interface ReadService {
  readonly exposed: readonly ExposedPort[];
  /** Why the service cannot be read. It exposes nothing then. */
  readonly problem?: string;
}

/** Reads what one service exposes. A service that makes no sense is a problem, not an exception. */
export function readService(service: V1Service): ReadService {
  try {
    const ports = servicePorts(service);
    const nodePorts = ports.flatMap(({ protocol, nodePort: port }): ExposedPort[] =>
      port === undefined ? [] : [{ name: `node port ${protocol} ${port}`, nodePort: { protocol, port } }],
    );
    const addressPorts = externalAddresses(service).flatMap((address) =>
      ports.map(
        ({ protocol, port }): ExposedPort => ({ name: `${protocol} ${address} port ${port}`, address }),
      ),
    );
    const byName = new Map([...nodePorts, ...addressPorts].map((one) => [one.name, one]));
    return { exposed: [...byName.values()] };
  } catch (error) {
    return { exposed: [], problem: `${explainError(error)}; it is left out` };
  }
}
