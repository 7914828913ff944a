import { guardTable } from '../../host/guard.js';
import { gatewayRouterName, localPortName } from '../../ovn/names.js';
import { IFACE_ID, NODE_NAME } from '../../switch/external_ids.js';
import { integrationBridge } from '../../switch/integration_bridge.js';
import { NO_VLAN, patchName, patchPeerName } from '../../switch/patch_pair.js';
import type { Facts, LocalSwitch, SwitchBridge } from '../facts/facts.js';
import { type Check, type Finding, fail, given, orElse, warn } from '../finding.js';
import { nodeName, physicalOf, sharedBridges } from '../node.js';

/** Checks that the bridges exist with the ports that they need, and that ovs-vswitchd could open all ports. */
export const bridges: Check = {
  name: 'bridges',
  run: (facts) =>
    given(facts.local, (local) => [
      ...orElse([...integration(local), ...unopened(local)], 'the integration bridge is in order'),
      ...sharedBridges(local).flatMap((bridge) =>
        orElse(
          [...patchPair(local, bridge), ...nic(bridge), ...guard(facts, bridge)],
          `${bridge.name} has its NIC and its patch to OVN`,
        ),
      ),
      ...lostBridges(facts, local),
    ]),
};

function integration(local: LocalSwitch): Finding[] {
  const name = integrationBridge(local.externalIds);
  const bridge = local.bridges.find((one) => one.name === name);
  if (bridge === undefined)
    return [fail(`there is no bridge ${name}`, 'run ovn-k8s-overlay minion-init, or start ovn-controller')];
  return bridge.failMode === 'secure'
    ? []
    : [
        fail(
          `${name} has fail_mode ${bridge.failMode ?? 'unset'}: it floods while OVN has no flows there`,
          `run ovs-vsctl set-fail-mode ${name} secure`,
        ),
      ];
}

/** Finds the ports that ovs-vswitchd could not open (ovs-vswitchd.conf.db(5), Interface, `error`). */
function unopened(local: LocalSwitch): Finding[] {
  const errors = local.bridges.flatMap(({ name, interfaces }) =>
    interfaces
      .filter(({ error }) => error !== undefined)
      .map((one) =>
        fail(
          `port ${one.name} of ${name}: ${one.error}`,
          `mend that, or run ovs-vsctl del-port ${name} ${one.name}`,
        ),
      ),
  );
  const stuck = local.isSettled
    ? []
    : [
        fail(
          'ovs-vswitchd has not applied all that the database says',
          'check that it runs; see ovs-vswitchd.log',
        ),
      ];
  return [...errors, ...stuck];
}

function patchPair(local: LocalSwitch, bridge: SwitchBridge): Finding[] {
  const integrationName = integrationBridge(local.externalIds);
  const [here, there] = [patchName(bridge.name), patchPeerName(bridge.name, integrationName)];
  const node = bridge.externalIds.get(NODE_NAME) ?? '';
  const remedy = 'start ovn-k8s-gateway-helper, which makes the pair, or run gateway-init again';
  const end = (on: string, name: string) =>
    local.bridges.find((one) => one.name === on)?.interfaces.find((one) => one.name === name);
  const ends = [
    { on: bridge.name, name: here, peer: there },
    { on: integrationName, name: there, peer: here },
  ] as const;
  const broken = ends.flatMap(({ on, name, peer }) => {
    const found = end(on, name);
    if (found === undefined) return [fail(`${on} has no patch port ${name}`, remedy)];
    return found.options.get('peer') === peer
      ? []
      : [
          fail(
            `patch port ${name} leads to ${found.options.get('peer') ?? 'nothing'}, not ${peer}`,
            `run ovs-vsctl set Interface ${name} options:peer=${peer}`,
          ),
        ];
  });
  const wanted = localPortName(bridge.name, node);
  const id = end(integrationName, there)?.externalIds.get(IFACE_ID);
  if (broken.length > 0) return broken;
  return [
    ...(id === wanted
      ? []
      : [
          fail(
            id === undefined
              ? `the gate of ${bridge.name} is closed: patch port ${there} has no iface-id, so OVN does not use it`
              : `patch port ${there} has iface-id ${id}, not ${wanted}`,
            'start ovn-k8s-gateway-helper, which sets it once its flows are in place',
          ),
        ]),
    ...(end(bridge.name, here)?.trunks.join() === NO_VLAN.join()
      ? []
      : [
          warn(
            `NORMAL can forward between ${here} and the other ports of ${bridge.name}: a restarted switch lets OVN answer for this host until the helper's flows are in place`,
            `start ovn-k8s-gateway-helper, or run ovs-vsctl set Port ${here} trunks=${NO_VLAN.join()}`,
          ),
        ]),
  ];
}

function nic(bridge: SwitchBridge): Finding[] {
  const found = physicalOf(bridge);
  if (found === undefined)
    return [
      fail(
        `${bridge.name} has no NIC`,
        `run ovn-k8s-util nics-to-bridge, or ovs-vsctl add-port ${bridge.name} NIC`,
      ),
    ];
  if (found.ofport === undefined || found.ofport < 0)
    return [
      fail(`NIC ${found.name} of ${bridge.name} is not open`, 'see ovs-vsctl list interface, column error'),
    ];
  return bridge.failMode === 'secure'
    ? [
        fail(
          `${bridge.name} has fail_mode secure: a restart of ovs-vswitchd cuts this host off`,
          `run ovs-vsctl set-fail-mode ${bridge.name} standalone`,
        ),
      ]
    : [];
}

/** Checks the guard of the userspace datapath's NIC: the kernel receives the NIC's frames too, and must drop them. */
function guard({ netfilter }: Facts, bridge: SwitchBridge): readonly Finding[] {
  const found = physicalOf(bridge);
  if (bridge.datapath !== 'netdev' || found === undefined) return [];
  return given(netfilter, ({ ingressDrops }) =>
    ingressDrops.includes(guardTable(found.name))
      ? []
      : [
          warn(
            `nothing keeps the kernel from answering frames on ${found.name}, which the userspace datapath answers too`,
            `run ovn-k8s-util nics-to-bridge ${found.name} again`,
          ),
        ],
  );
}

/** Finds a gateway that OVN has on a bridge of this host while no bridge is marked as a gateway's. */
function lostBridges({ northbound }: Facts, local: LocalSwitch): readonly Finding[] {
  if (!northbound.isKnown) return [];
  const node = nodeName(local);
  const gateway = northbound.value.gateways.find((one) => one.node === node && one.isShared);
  return gateway === undefined || sharedBridges(local).length > 0
    ? []
    : [
        fail(
          `OVN has gateway router ${gatewayRouterName(gateway.node)} on a bridge of this host, but no bridge here is set up for it`,
          'run ovn-k8s-overlay gateway-init again, or gateway-deinit',
        ),
      ];
}
