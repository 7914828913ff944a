import { finds } from '../finds.js';
import { changed, HEALTHY, withBridge, withInterface } from '../healthy.js';

const { netfilter } = HEALTHY;

finds('bridges', [
  [
    'no br-int',
    withBridge('br-int', undefined),
    'fail',
    /there is no bridge br-int/,
    [/^bridges: br-int has no patch port/, /^encapsulation: br-int has no tunnel/],
  ],
  ['br-int floods', withBridge('br-int', { failMode: undefined }), 'fail', /br-int has fail_mode unset/],
  [
    'breth0 would cut off',
    withBridge('breth0', { failMode: 'secure' }),
    'fail',
    /breth0 has fail_mode secure/,
  ],
  [
    'a port that cannot be made',
    withInterface('breth0', 'eth0', { error: 'no such device' }),
    'fail',
    /eth0 of breth0: no such device/,
  ],
  [
    'a NIC that is not open',
    withInterface('breth0', 'eth0', { ofport: undefined }),
    'fail',
    /NIC eth0 of breth0 is not open/,
  ],
  ['no NIC', withInterface('breth0', 'eth0', undefined), 'fail', /breth0 has no NIC/],
  ['a switch that lags', { local: changed(HEALTHY.local, { isSettled: false }) }, 'fail', /has not applied/],
  [
    'half a patch',
    withInterface('breth0', 'k8s-patch-breth0-br-int', undefined),
    'fail',
    /breth0 has no patch port/,
  ],
  [
    'a patch to elsewhere',
    withInterface('breth0', 'k8s-patch-breth0-br-int', { options: new Map([['peer', 'x']]) }),
    'fail',
    /leads to x, not k8s-patch-br-int-breth0/,
  ],
  [
    'a patch that OVN does not know',
    withInterface('br-int', 'k8s-patch-br-int-breth0', { externalIds: new Map() }),
    'fail',
    /the gate of breth0 is closed: patch port k8s-patch-br-int-breth0 has no iface-id/,
  ],
  [
    "a patch that has another node's iface-id",
    withInterface('br-int', 'k8s-patch-br-int-breth0', {
      externalIds: new Map([['iface-id', 'breth0_old']]),
    }),
    'fail',
    /has iface-id breth0_old, not breth0_gw1/,
  ],
  [
    'a patch that NORMAL forwards to',
    withInterface('breth0', 'k8s-patch-breth0-br-int', { trunks: [] }),
    'warn',
    /NORMAL can forward between k8s-patch-breth0-br-int and the other ports of breth0/,
  ],
  [
    'no guard',
    { netfilter: changed(netfilter, { ingressDrops: [] }) },
    'warn',
    /keeps the kernel from answering/,
  ],
  [
    'a gateway without its bridge',
    withBridge('breth0', { externalIds: new Map() }),
    'fail',
    /GR_gw1 on a bridge/,
  ],
]);
