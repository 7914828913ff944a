import { explainError } from '../../net/errors.js';
import { formatPortRange, type PortRange, parsePortRange } from '../../net/ports.js';
import { without } from '../../overlay/host_ports.js';
import { usesOfRange } from '../../overlay/port_checks.js';
import { SNAT_PORT_RANGE } from '../../switch/external_ids.js';
import type { PortFacts, SwitchBridge } from '../facts/facts.js';
import { type Check, type Finding, fail, given, orElse, warn } from '../finding.js';
import { sharedBridges } from '../node.js';

/** Checks that the host uses no port of the pods' port range. */
export const ports: Check = {
  name: 'ports',
  run: (facts) =>
    given(facts.local, (local) => sharedBridges(local).flatMap((bridge) => judge(bridge, facts.ports))),
};

function judge(bridge: SwitchBridge, facts: Parameters<typeof given<PortFacts>>[0]): readonly Finding[] {
  const text = bridge.externalIds.get(SNAT_PORT_RANGE) ?? 'none';
  if (text === 'none') {
    return [
      warn(
        `${bridge.name} has no port range for pods: a pod's connection can take the port of a host's connection, which then dies`,
        'run ovn-k8s-overlay gateway-init with a --snat-port-range',
      ),
    ];
  }
  try {
    const range = parsePortRange(text);
    return given(facts, (host) => used(bridge, range, host));
  } catch (error) {
    return [fail(`${SNAT_PORT_RANGE} of ${bridge.name}: ${explainError(error)}`, 'run gateway-init again')];
  }
}

function used(
  bridge: SwitchBridge,
  range: PortRange,
  { ephemeral, sockets, reserved }: PortFacts,
): readonly Finding[] {
  const text = formatPortRange(range);
  const uses = usesOfRange(range, ephemeral, sockets).map(({ what, remedy }) =>
    fail(
      `pods' port range ${text} of ${bridge.name}: ${what}; packets for the range go to the pods`,
      `${remedy}, or run gateway-init with another --snat-port-range`,
    ),
  );
  const isReserved =
    reserved.reduce((rest, one) => rest.flatMap((part) => without([part], one)), [range]).length === 0;
  const free = isReserved
    ? []
    : [
        fail(
          `pods' port range ${text} of ${bridge.name} is not in net.ipv4.ip_local_reserved_ports`,
          'run ovn-k8s-overlay gateway-init again',
        ),
      ];
  return orElse([...uses, ...free], `ports ${text} are the pods' alone`);
}
