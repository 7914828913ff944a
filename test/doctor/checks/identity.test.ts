import type { Facts } from '../../../src/doctor/facts/facts.js';
import { known } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';
import { changed, HEALTHY, mapped, withIds } from '../healthy.js';

const { southbound } = HEALTHY;
const chassis = (name: string, hostname: string, ip: string) => ({
  southbound: changed(southbound, {
    chassis: [
      { name: 'gw1', hostname: 'gw1', encapIps: ['203.0.113.10'] },
      { name: 'master', hostname: 'master', encapIps: ['203.0.113.9'] },
    ]
      .filter((one) => one.name !== name)
      .concat([{ name, hostname, encapIps: [ip] }]),
  }),
});

const NO_TUNNEL_TO_OLD = [/^encapsulation: br-int has no tunnel to old/];

finds('identity', [
  [
    'no system-id',
    withIds({ 'system-id': undefined }),
    'fail',
    /system-id is not set/,
    [/^encapsulation: br-int has no tunnel to gw1/],
  ],
  [
    'a clone has the chassis',
    chassis('gw1', 'gw1', '203.0.113.66'),
    'fail',
    /another host has system-id gw1/,
  ],
  ['a clone is the chassis', chassis('gw1', 'clone', '203.0.113.10'), 'fail', /is of host clone, not gw1/],
  [
    'a chassis is left over',
    chassis('old', 'old', '203.0.113.10'),
    'fail',
    /Chassis old .* tunnel address/,
    NO_TUNNEL_TO_OLD,
  ],
  [
    'two hosts have one name',
    chassis('old', 'gw1', '203.0.113.8'),
    'warn',
    /Chassis old .* name gw1 too/,
    NO_TUNNEL_TO_OLD,
  ],
  [
    'another host is this node too',
    { southbound: changed(southbound, { bindings: new Map([['k8s-gw1', 'master']]) }) },
    'fail',
    /k8s-gw1 is on chassis master/,
  ],
  [
    'a host that is no node',
    { local: noNode() },
    'warn',
    /this host is not a node of the cluster/,
    [/^encapsulation: br-int has no tunnel/, /^nodes: this host has no management port/],
  ],
  ['Kubernetes has no such node', { kubernetes: known('absent' as const) }, 'fail', /no Node gw1/],
]);

/** A switch that no `-init` has been run on. */
function noNode(): Facts['local'] {
  return mapped(HEALTHY.local, (local) => ({
    ...local,
    bridges: local.bridges.map((bridge) => ({ ...bridge, interfaces: [], externalIds: new Map() })),
  }));
}
