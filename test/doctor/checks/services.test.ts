import { known } from '../../../src/doctor/known.js';
import { parseIp } from '../../../src/net/ip.js';
import { finds } from '../finds.js';
import { changed, HEALTHY } from '../healthy.js';

const { northbound, netfilter } = HEALTHY;
const service = (name: string, ...ips: readonly string[]) => ({
  service: name,
  clusterIps: ips.map(parseIp),
});

finds('services', [
  [
    'no subnet of services',
    { northbound: changed(northbound, { serviceSubnets: [] }) },
    'warn',
    /no external_ids:k8s-service-ip-subnet, so hosts do not reach services/,
  ],
  [
    'the first service with an address outside of the subnet',
    {
      services: known([
        service('a/in', '10.96.1.1'),
        service('b/out', '10.97.0.7'),
        service('c/out', '10.98.0.1'),
      ]),
    },
    'fail',
    /do not reach 10\.97\.0\.7 of Service b\/out: .*k8s-service-ip-subnet=10\.96\.0\.0\/16/,
  ],
  [
    'routes that are missing',
    { routes: known(['10.244.0.0/16']) },
    'fail',
    /there is no route to 10\.96\.0\.0\/16, 100\.64\.1\.0\/24 by k8s-gw1/,
  ],
  [
    'a gateway of an earlier version on this node',
    {
      northbound: changed(northbound, {
        gateways: [{ node: 'gw1', isShared: true, outsideMtu: 1500, servesOutside: false }],
      }),
    },
    'warn',
    /GR_gw1 drops clients of services whose endpoints are outside/,
  ],
  [
    'no nft table',
    { netfilter: changed(netfilter, { tables: ['inet filter'] }) },
    'fail',
    /there is no nft table inet ovn-k8s-node/,
  ],
]);
