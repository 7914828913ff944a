import { finds } from '../finds.js';
import { changed, HEALTHY, mapped, withBridge, withIds, withInterface } from '../healthy.js';

const { links, netfilter } = HEALTHY;
const link = (name: string, change: { mtu?: number; isUp?: boolean; addresses?: [] } | undefined) => ({
  links: mapped(links, (all) =>
    all.flatMap((one) => (one.name !== name ? [one] : change === undefined ? [] : [{ ...one, ...change }])),
  ),
});

finds('encapsulation', [
  ['no encapsulation', withIds({ 'ovn-encap-type': undefined }), 'fail', /ovn-encap-type is not set/],
  ['an unknown tunnel', withIds({ 'ovn-encap-type': 'gre' }), 'fail', /=gre is not a tunnel type/],
  [
    'a tunnel that the switch lacks',
    { local: changed(HEALTHY.local, { ifaceTypes: ['patch'] }) },
    'fail',
    /no tunnels of type geneve/,
  ],
  [
    'STT on a switch that still has it',
    withIds({ 'ovn-encap-type': 'stt' }),
    'warn',
    /has stt, which OVN 25\.09 removed/,
    [/names port 7471 of stt/],
  ],
  [
    'STT on a switch without it',
    {
      local: changed(
        mapped(withIds({ 'ovn-encap-type': 'stt' }).local, (one) => one),
        { ifaceTypes: ['geneve', 'vxlan'] },
      ),
    },
    'fail',
    /no tunnels of type stt, which OVN 25\.09 removed/,
    [/names port 7471 of stt/],
  ],
  [
    'no kernel datapath',
    {
      local: changed(
        mapped(withBridge('br-int', { datapath: 'system' }).local, (one) => one),
        { datapathTypes: ['netdev'] },
      ),
    },
    'fail',
    /kernel has no datapath/,
  ],
  ['no tunnel address', withIds({ 'ovn-encap-ip': undefined }), 'fail', /ovn-encap-ip is not set/],
  [
    'a foreign address',
    withIds({ 'ovn-encap-ip': '192.0.2.1' }),
    'fail',
    /is not an address of this host/,
    [/^identity: Chassis gw1 .* tunnel address 203\.0\.113\.10, this host 192\.0\.2\.1/],
  ],
  ['its interface is down', link('breth0', { isUp: false }), 'fail', /breth0, .* is down/],
  [
    'an address that is on no bridge',
    withIds({ 'ovn-encap-ip': '10.244.2.2' }),
    'fail',
    /only through a bridge that has the address/,
    [/^identity: Chassis gw1 .* this host 10\.244\.2\.2/, /^mtu: k8s-gw1 has MTU 1400/],
  ],
  ['a tunnel is missing', withInterface('br-int', 'ovn-master-0', undefined), 'fail', /no tunnel to master/],
  [
    'a firewall that knows nothing of tunnels',
    { netfilter: changed(netfilter, { closedChains: [{ name: 'inet filter input', ports: [22] }] }) },
    'warn',
    /no rule names port 6081/,
  ],
]);
