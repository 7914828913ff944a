import type { Offloads, SwitchBridge } from '../facts/facts.js';
import { type Check, type Finding, fail, given, orElse, warn } from '../finding.js';
import { physicalOf } from '../node.js';

/** Features that merge what arrives: the packets then are longer than what the switch may send on. */
const MERGING = ['large-receive-offload', 'rx-gro-hw'] as const;

/** Whether the NICs leave frames as a switch must see them. */
export const offloads: Check = {
  name: 'offloads',
  run: ({ local, offloads: known }) =>
    given(local, ({ bridges }) =>
      bridges.flatMap((bridge) => {
        const nic = physicalOf(bridge)?.name;
        const fact = nic === undefined ? undefined : known.get(nic);
        if (nic === undefined || fact === undefined) return [];
        return given(fact, (features) =>
          orElse(judge(bridge, nic, features), `${nic} of ${bridge.name} hands frames on as they are`),
        );
      }),
    ),
};

function judge({ name, datapath }: SwitchBridge, nic: string, { driver, on }: Offloads): Finding[] {
  const merging = MERGING.filter((feature) => on.has(feature)).map((feature) =>
    warn(`${nic} of ${name} merges what arrives (${feature})`, `run ethtool -K ${nic} ${feature} off`),
  );
  if (datapath !== 'netdev') return merging;
  // The userspace datapath reads frames as they are; behind a veth nobody ever computes the checksum that was left out.
  const unfinished =
    driver === 'veth' && on.has('tx-checksumming')
      ? [
          fail(
            `${nic} of ${name} leaves checksums to hardware that a veth does not have: the userspace datapath sends them on wrong`,
            `run ethtool -K ${nic} tx off, at its other end too`,
          ),
        ]
      : [];
  const grouped = on.has('generic-receive-offload')
    ? [
        warn(
          `${nic} of ${name} merges what arrives before the userspace datapath has it (generic-receive-offload)`,
          `run ethtool -K ${nic} gro off`,
        ),
      ]
    : [];
  return [...merging, ...unfinished, ...grouped];
}
