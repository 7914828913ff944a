import { managementPortName } from '../../ovn/names.js';
import { ENCAP_IP, HOSTNAME, SYSTEM_ID } from '../../switch/external_ids.js';
import type { ChassisFacts, Facts, LocalSwitch, Southbound } from '../facts/facts.js';
import { type Check, type Finding, fail, given, ok, orElse, warn } from '../finding.js';
import { nodeName } from '../node.js';

/** Checks that no other host has this host's names, as a cloned machine would. */
export const identity: Check = {
  name: 'identity',
  run: (facts) =>
    given(facts.local, (local) => {
      const id = local.externalIds.get(SYSTEM_ID);
      if (id === undefined || id === '') {
        return [
          fail(
            `external_ids:${SYSTEM_ID} is not set`,
            `run ovs-vsctl set Open_vSwitch . external_ids:${SYSTEM_ID}=NAME, with a name of its own for each host`,
          ),
        ];
      }
      return [
        ...given(facts.southbound, ({ chassis }) => uniqueSystemId(id, local, chassis)),
        ...given(facts.southbound, (southbound) => uniqueNodeName(id, local, southbound)),
        ...kubernetesNode(facts, nodeName(local)),
      ];
    }),
};

function uniqueSystemId(
  id: string,
  { externalIds }: LocalSwitch,
  chassis: readonly ChassisFacts[],
): readonly Finding[] {
  const own = chassis.find(({ name }) => name === id);
  const address = externalIds.get(ENCAP_IP);
  const hostname = externalIds.get(HOSTNAME);
  const found: Finding[] = [];
  const others = own?.encapIps.filter((ip) => ip !== address) ?? [];
  if (own !== undefined && address !== undefined && others.length > 0) {
    found.push(
      fail(
        `Chassis ${id} of OVN_Southbound has tunnel address ${others.join(', ')}, this host ${address}: another host has system-id ${id}, or ovn-controller has not noticed a change`,
        'give each host a system-id of its own, then restart ovn-controller',
      ),
    );
  }
  if (own !== undefined && hostname !== undefined && own.hostname !== hostname) {
    found.push(
      fail(
        `Chassis ${id} of OVN_Southbound is of host ${own.hostname}, not ${hostname}: another host has system-id ${id}`,
        'give each host a system-id of its own, then restart ovn-controller',
      ),
    );
  }
  const sameAddress = chassis.find(
    ({ name, encapIps }) => name !== id && encapIps.some((ip) => ip === address),
  );
  if (sameAddress !== undefined) {
    found.push(
      fail(
        `Chassis ${sameAddress.name} of OVN_Southbound has this host's tunnel address ${address} too`,
        `if it is this host under a former system-id, run ovn-sbctl chassis-del ${sameAddress.name} on the central node; else give one of them another external_ids:ovn-encap-ip`,
      ),
    );
  }
  const sameHost = chassis.find(({ name, hostname: other }) => name !== id && other === hostname);
  if (sameHost !== undefined) {
    found.push(
      warn(
        `Chassis ${sameHost.name} of OVN_Southbound has this host's name ${hostname} too`,
        'give each host a hostname of its own (external_ids:hostname)',
      ),
    );
  }
  return orElse(found, `system-id ${id} is this host's alone`);
}

function uniqueNodeName(id: string, local: LocalSwitch, { bindings }: Southbound): readonly Finding[] {
  const node = nodeName(local);
  if (node === undefined)
    return [
      warn(
        'this host is not a node of the cluster',
        'run ovn-k8s-overlay master-init, minion-init or gateway-init',
      ),
    ];
  const owner = bindings.get(managementPortName(node));
  if (owner !== undefined && owner !== id) {
    return [
      fail(
        `port ${managementPortName(node)} is on chassis ${owner}, not here: another host is node ${node} too`,
        'give each host a node name of its own: run minion-deinit on one of them, then minion-init with another --node-name',
      ),
    ];
  }
  return [ok(`node name ${node} is this host's alone`)];
}

function kubernetesNode({ kubernetes }: Facts, node: string | undefined): readonly Finding[] {
  if (kubernetes?.isKnown !== true || kubernetes.value !== 'absent') return [];
  return [
    fail(
      `Kubernetes has no Node ${node}`,
      'give minion-init the --node-name under which kubelet registers (kubectl get nodes)',
    ),
  ];
}
