import { desiredFlows } from '../../gateway/desired_flows.js';
import { readBridgeState } from '../../gateway/state_bridge.js';
import { recoverExposure } from '../../gateway/state_recovered.js';
import { bundleSize } from '../../openflow/bundle.js';
import { byKey, diffFlows } from '../../openflow/reconcile.js';
import type { FlowFacts, HelperStatus } from '../facts/facts.js';
import { type Check, type Finding, fail, given, orElse, warn } from '../finding.js';
import type { Known } from '../known.js';

/** Checks each shared bridge's flows: reads the helper's status, and computes the flows from the bridge's facts. */
export const flows: Check = {
  name: 'flows',
  run: ({ flows: all, helper }) =>
    all.flatMap((facts) => [
      ...kept(facts, helper),
      ...given(facts.switch, (actual) =>
        orElse(
          [...differing(facts, actual, helper), ...settings(facts, actual), ...strangers(facts, actual)],
          `${facts.bridge.name} has the ${actual.ours.length} flows that it should`,
        ),
      ),
    ]),
};

type Actual = Extract<FlowFacts['switch'], { isKnown: true }>['value'];

/** Reports what the helper's own status says. */
function kept({ bridge }: FlowFacts, helper: Known<HelperStatus>): readonly Finding[] {
  if (!helper.isKnown)
    return [
      fail(
        `no helper keeps the flows of ${bridge.name}: ${helper.why}`,
        `start ovn-k8s-gateway-helper --physical-bridge=${bridge.name} --physical-interface=NIC --pidfile --detach`,
      ),
    ];
  const remedy = 'see ovs-appctl -t ovn-k8s-gateway-helper status';
  const { synced, problems } = helper.value;
  return [
    ...(synced ? [] : [fail(`the helper says that the flows of ${bridge.name} are not in place`, remedy)]),
    ...problems.map((problem) => warn(`the helper: ${problem}`, remedy)),
  ];
}

/**
 * Compares the flows with the desired ones. Services are recovered from the flows: only the helper asks Kubernetes.
 */
function differing(
  { bridge, physicalInterface, localAddresses }: FlowFacts,
  { ours }: Actual,
  helper: Known<HelperStatus>,
): Finding[] {
  if (ours.length === 0)
    return [fail(`${bridge.name} has no flows of the gateway`, 'start ovn-k8s-gateway-helper')];
  const { bridgeState } = readBridgeState(bridge, localAddresses, {
    bridge: bridge.name,
    physicalInterface: physicalInterface ?? '',
    demux: helper.isKnown ? helper.value.demux : undefined,
    externalAddressOwner: helper.isKnown && !helper.value.answersServed ? 'speaker' : 'first',
  });
  if (bridgeState === undefined) return [];
  const exposure = recoverExposure(ours, bridgeState.answersServed);
  const bundle = diffFlows(desiredFlows(bridgeState, exposure).flows, byKey(ours));
  const [first] = [...bundle.add, ...bundle.remove];
  return bundleSize(bundle) === 0 || first === undefined
    ? []
    : [
        fail(
          `${bridge.name} has wrong flows: ${bundle.add.length} missing or altered, ${bundle.remove.length} too many; one is ${first.key}`,
          'run ovs-appctl -t ovn-k8s-gateway-helper flow/sync',
        ),
      ];
}

function settings({ bridge }: FlowFacts, { fragments, noFlood }: Actual): Finding[] {
  const patch = bridge.ports.find(({ type }) => type === 'patch');
  return [
    ...(fragments === 'nx-match'
      ? []
      : [
          fail(
            `${bridge.name} treats fragments as "${fragments}", so pods lose fragments`,
            `run ovs-ofctl set-frags ${bridge.name} nx-match, or start the helper`,
          ),
        ]),
    ...(patch?.ofport === undefined || noFlood.has(patch.ofport)
      ? []
      : [
          fail(
            `${bridge.name} floods to ${patch.name}, so OVN receives frames for this host`,
            `run ovs-ofctl mod-port ${bridge.name} ${patch.name} no-flood, or start the helper`,
          ),
        ]),
  ];
}

/** Finds flows without the product's cookie, which can take packets from its flows; the NORMAL flow is expected. */
function strangers({ bridge }: FlowFacts, { others }: Actual): Finding[] {
  const foreign = others.filter(({ text }) => text !== 'table=0,priority=0 actions=NORMAL');
  const [first] = foreign;
  return first === undefined
    ? []
    : [
        warn(
          `${bridge.name} has ${foreign.length} flows that are not the helper's, which may take its packets; one is ${first.text}`,
          `if nothing needs them, run ovs-ofctl del-flows ${bridge.name} cookie=0x${first.cookie.toString(16)}/-1`,
        ),
      ];
}
