import type { Offloads, SwitchBridge } from '../facts/facts.js';
import { type Check, type Finding, fail, given, orElse, warn } from '../finding.js';
import { physicalOf } from '../node.js';

/** Features that merge received packets, which the switch may then be unable to send on. */
const MERGING = ['large-receive-offload', 'rx-gro-hw'] as const;

/** Checks that the NICs hand frames to the switch unchanged. */
export const offloads: Check = {
  name: 'offloads',
  run: ({ local, offloads: known }) =>
    given(local, ({ bridges }) =>
      bridges.flatMap((bridge) => {
        const nic = physicalOf(bridge)?.name;
        const fact = nic === undefined ? undefined : known.get(nic);
        if (nic === undefined || fact === undefined) return [];
        return given(fact, (features) =>
          orElse(judge(bridge, nic, features), `${nic} of ${bridge.name} hands frames on unchanged`),
        );
      }),
    ),
};

function judge({ name, datapath }: SwitchBridge, nic: string, { driver, on }: Offloads): Finding[] {
  const merging = MERGING.filter((feature) => on.has(feature)).map((feature) =>
    warn(`${nic} of ${name} merges received packets (${feature})`, `run ethtool -K ${nic} ${feature} off`),
  );
  if (datapath !== 'netdev') return merging;
  // A veth never completes the checksum that the kernel left out, and the userspace datapath sends the frame as it is.
  const unfinished =
    driver === 'veth' && on.has('tx-checksumming')
      ? [
          fail(
            `${nic} of ${name} leaves checksums to hardware that a veth does not have: the userspace datapath sends them wrong`,
            `run ethtool -K ${nic} tx off, and the same at its peer`,
          ),
        ]
      : [];
  const grouped = on.has('generic-receive-offload')
    ? [
        warn(
          `${nic} of ${name} merges packets before the userspace datapath receives them (generic-receive-offload)`,
          `run ethtool -K ${nic} gro off`,
        ),
      ]
    : [];
  return [...merging, ...unfinished, ...grouped];
}
