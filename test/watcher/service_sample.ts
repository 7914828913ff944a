import type { Endpoint } from '../../src/kube/endpoint_index.js';
import type { Service } from '../../src/kube/kinds.js';
import { parseIp } from '../../src/net/ip.js';
import type { Scope, Vip } from '../../src/watcher/desired_balancer.js';
import {
  type Refuse,
  type ServiceVips,
  type Surroundings,
  serviceVips,
} from '../../src/watcher/desired_vips.js';
import { finish } from './finish.js';

export const KEY = 'default/web';
export const HTTP = { name: 'http', port: 80, nodePort: 30_080, protocol: 'TCP' };

/** Two gateways, of which the first has both families. No switch of a node. */
export const AROUND: Surroundings = {
  gateways: [
    {
      node: 'gw1',
      addresses: [parseIp('203.0.113.10'), parseIp('2001:db8::10')],
      isFirst: true,
      isShared: true,
    },
    { node: 'gw2', addresses: [parseIp('203.0.113.20')], isFirst: false, isShared: true },
  ],
  nodes: [],
  hosts: new Map(),
  zones: new Map(),
  hashesIpv6: false,
};

export function endpoint(ip: string, more: Partial<Endpoint> = {}): Endpoint {
  return { ip, port: 8080, portName: 'http', protocol: 'TCP', node: undefined, state: 'ready', ...more };
}

export const ENDPOINTS: readonly Endpoint[] = [
  endpoint('10.244.1.5', { node: 'gw1' }),
  endpoint('10.244.2.5', { node: 'gw2' }),
  endpoint('fd00:10:244:1::5', { node: 'gw1' }),
  endpoint('10.244.2.6', { node: 'gw2', state: 'unready' }),
  endpoint('10.244.2.7', { portName: 'other' }),
  endpoint('10.244.2.8', { protocol: 'UDP' }),
];

export function service(spec: NonNullable<Service['spec']>, status?: Service['status']): Service {
  const metadata = { namespace: 'default', name: 'web' };
  return { metadata, spec: { clusterIP: '10.96.0.5', ports: [HTTP], ...spec }, ...(status && { status }) };
}

export const ANY: Refuse = () => undefined;

export function servedOf(
  one: Service,
  endpoints = ENDPOINTS,
  around: Partial<Surroundings> = {},
  refuse = ANY,
): ServiceVips {
  return finish(serviceVips(KEY, one, endpoints, { ...AROUND, ...around }, refuse));
}

/** Returns the virtual addresses of a service as sorted lines `SCOPE VIP TARGETS`. */
export function lines(one: Service, endpoints = ENDPOINTS, around: Partial<Surroundings> = {}): string[] {
  return servedOf(one, endpoints, around)
    .vips.map(({ balancer: { scope }, vip, targets }) => `${scopeName(scope)} ${vip} ${targets}`)
    .sort();
}

/** Returns the same with the options of the rows: `SCOPE VIP TARGETS OPTION=VALUE… HASH`. */
export function optionLines(vips: readonly Vip[]): string[] {
  return vips
    .map(({ balancer: { scope, options, hashBy }, vip, targets }) =>
      [
        ...[scopeName(scope), vip, targets || '-'],
        ...Object.entries(options).map(([key, value]) => (value === 'true' ? key : `${key}=${value}`)),
        ...(hashBy === undefined ? [] : [hashBy]),
      ].join(' '),
    )
    .sort();
}

function scopeName(scope: Scope): string {
  if (scope === 'cluster') return scope;
  return 'gateway' in scope ? scope.gateway : `node ${scope.node}`;
}
