import { AddressGuard } from '../../src/kube/address_guard.js';
import type { Pod, Service } from '../../src/kube/kinds.js';
import { claimOf } from '../../src/net/claims.js';
import { parseIp } from '../../src/net/ip.js';

/** A guard that refuses nothing but what no service may have. */
export const OPEN_GUARD = new AddressGuard({ claims: [], allowed: undefined });

/** A guard that refuses one more address. */
export function guardOf(address: string): AddressGuard {
  return new AddressGuard({
    claims: [claimOf(parseIp(address), 'an address of node m')],
    allowed: undefined,
  });
}

type Spec = NonNullable<Service['spec']>;

/** Returns a dual-stack service, with port 80 unless it says otherwise. */
export function service({ ingress = [], ...spec }: Spec & { readonly ingress?: readonly string[] }): Service {
  return {
    spec: { clusterIPs: ['10.96.0.7', 'fd00:10:96::7'], ports: [{ port: 80 }], ...spec },
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  };
}

type Ports = NonNullable<NonNullable<NonNullable<Pod['spec']>['containers']>[number]['ports']>;

export function pod(ports: Ports, addresses: readonly string[] = ['10.244.3.16']): Pod {
  return { spec: { containers: [{ ports }] }, status: { podIPs: addresses.map((ip) => ({ ip })) } };
}
