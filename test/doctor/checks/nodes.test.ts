import { known } from '../../../src/doctor/known.js';
import { parseIp } from '../../../src/net/ip.js';
import { finds } from '../finds.js';
import { changed, HEALTHY, mapped } from '../healthy.js';

const { northbound, links } = HEALTHY;
const link = (name: string, change: { mtu?: number; isUp?: boolean; addresses?: [] } | undefined) => ({
  links: mapped(links, (all) =>
    all.flatMap((one) => (one.name !== name ? [one] : change === undefined ? [] : [{ ...one, ...change }])),
  ),
});

finds('nodes', [
  ['no management port', link('k8s-gw1', undefined), 'fail', /there is no interface k8s-gw1/],
  ['a management port that is down', link('k8s-gw1', { isUp: false }), 'fail', /k8s-gw1 is down/],
  [
    'a management port without address',
    link('k8s-gw1', { addresses: [] }),
    'fail',
    /does not have 10\.244\.2\.2/,
  ],
  ['no switch in OVN', { northbound: changed(northbound, { nodes: [] }) }, 'fail', /OVN has no switch gw1/],
  [
    'a node that does not answer',
    { echoes: known([{ node: 'master', address: parseIp('10.244.1.2'), rttMs: undefined }]) },
    'fail',
    /node master, 10\.244\.1\.2, does not answer/,
  ],
]);
