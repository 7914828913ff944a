import { desiredFlows } from '../../gateway/desired_flows.js';
import { recoverExposure } from '../../gateway/state_exposure.js';
import { readFrame } from '../../gateway/state_frame.js';
import { bundleSize } from '../../openflow/bundle.js';
import { byKey, diffFlows } from '../../openflow/reconcile.js';
import type { FlowFacts, HelperStatus } from '../facts/facts.js';
import { type Check, type Finding, fail, given, orElse, warn } from '../finding.js';
import type { Known } from '../known.js';

/** Whether each shared bridge has the flows that follow from what it is, by the helper's word and worked out anew. */
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

/** What the helper itself complains of. */
function kept({ bridge }: FlowFacts, helper: Known<HelperStatus>): readonly Finding[] {
  if (!helper.isKnown)
    return [
      fail(
        `nobody keeps the flows of ${bridge.name}: ${helper.why}`,
        `start ovn-k8s-gateway-helper --physical-bridge=${bridge.name} --physical-interface=NIC --pidfile --detach`,
      ),
    ];
  const remedy = 'see ovs-appctl -t ovn-k8s-gateway-helper status';
  const { synced, problems } = helper.value;
  return [
    ...(synced ? [] : [fail(`the flows of ${bridge.name} are not in place, says the helper`, remedy)]),
    ...problems.map((problem) => warn(`the helper: ${problem}`, remedy)),
  ];
}

/** What services claim is taken from the flows that are there: only the helper has asked Kubernetes. */
function differing(
  { bridge, physicalInterface, localAddresses }: FlowFacts,
  { ours }: Actual,
  helper: Known<HelperStatus>,
): Finding[] {
  if (ours.length === 0)
    return [fail(`${bridge.name} has no flows of the gateway`, 'start ovn-k8s-gateway-helper')];
  const { frame } = readFrame(bridge, localAddresses, {
    bridge: bridge.name,
    physicalInterface: physicalInterface ?? '',
    demux: helper.isKnown ? helper.value.demux : undefined,
  });
  if (frame === undefined) return [];
  const bundle = diffFlows(desiredFlows(frame, recoverExposure(ours)).flows, byKey(ours));
  const [first] = [...bundle.add, ...bundle.remove];
  return bundleSize(bundle) === 0 || first === undefined
    ? []
    : [
        fail(
          `${bridge.name}: of the gateway's flows ${bundle.add.length} missing or altered, ${bundle.remove.length} too many; one is ${first.key}`,
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
            `${bridge.name} treats fragments as "${fragments}": those of pods go astray`,
            `run ovs-ofctl set-frags ${bridge.name} nx-match, or start the helper`,
          ),
        ]),
    ...(patch?.ofport === undefined || noFlood.has(patch.ofport)
      ? []
      : [
          fail(
            `${bridge.name} floods to ${patch.name}: OVN gets what is for this host`,
            `run ovs-ofctl mod-port ${bridge.name} ${patch.name} no-flood, or start the helper`,
          ),
        ]),
  ];
}

/** Flows of others are left alone, and can take packets from ours. The one that NORMAL made is known. */
function strangers({ bridge }: FlowFacts, { others }: Actual): Finding[] {
  const foreign = others.filter(({ text }) => text !== 'table=0,priority=0 actions=NORMAL');
  const [first] = foreign;
  return first === undefined
    ? []
    : [
        warn(
          `${bridge.name} has ${foreign.length} flows that are not the helper's, which may take its packets: ${first.text}`,
          `if nobody wants them: ovs-ofctl del-flows ${bridge.name} cookie=0x${first.cookie.toString(16)}/-1`,
        ),
      ];
}
