import { finds } from '../finds.js';
import { changed, HEALTHY, mapped } from '../healthy.js';

const { northbound, links } = HEALTHY;
const link = (name: string, change: { mtu?: number; isUp?: boolean; addresses?: [] } | undefined) => ({
  links: mapped(links, (all) =>
    all.flatMap((one) => (one.name !== name ? [one] : change === undefined ? [] : [{ ...one, ...change }])),
  ),
});

finds('mtu', [
  ['tunnels do not fit', link('breth0', { mtu: 1450 }), 'fail', /breth0 has MTU 1450, .* in geneve is 1458/],
  ['a long management port', link('k8s-gw1', { mtu: 1500 }), 'fail', /k8s-gw1 has MTU 1500/],
  [
    'a short NIC',
    link('eth0', { mtu: 1460 }),
    'fail',
    /breth0 has MTU 1500, but its NIC eth0 has 1460/,
    [/^mtu: GR_gw1 assumes MTU 1500 outside, but eth0 has 1460/],
  ],
  [
    'a gateway router that promises too much',
    {
      northbound: changed(northbound, {
        gateways: [{ node: 'gw1', isShared: true, outsideMtu: 9000, servesOutside: true }],
      }),
    },
    'fail',
    /MTU 9000 outside, but eth0 has 1500/,
  ],
]);
