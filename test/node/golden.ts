import { readFileSync } from 'node:fs';
import type { Service } from '../../src/kube/kinds.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { tableRules } from '../../src/node/desired_table.js';
import { tableCommands } from '../../src/node/nft_commands.js';
import { ClaimBook } from '../../src/node/state_claims.js';
import { podClaims } from '../../src/node/state_pod_claims.js';
import { serviceClaims } from '../../src/node/state_service_claims.js';
import { TableSets } from '../../src/node/state_sets.js';
import { OPEN_GUARD, pod, service } from './objects.js';

const FILE = 'test/node/goldens/table.jsonl';

/** A dual-stack node with one service of each kind and a pod with host ports. */
export function goldenTable(): string {
  const services = new ClaimBook<Service>(serviceClaims);
  services.put('default/node', service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] }));
  services.put('default/external', service({ externalIPs: ['203.0.113.80', '2001:db8::80'] }));
  services.put(
    'default/local',
    service({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges: ['198.51.100.0/24', '198.51.100.7/32', '2001:db8:ffff::/64'],
      ports: [{ protocol: 'UDP', port: 53, nodePort: 30_053 }],
      ingress: ['203.0.113.81'],
    }),
  );
  const pods = new ClaimBook(podClaims);
  pods.put(
    'pod:default/web',
    pod(
      [
        { hostPort: 8088, containerPort: 80 },
        { hostPort: 8089, containerPort: 81, hostIP: '203.0.113.12' },
      ],
      ['10.244.3.16', 'fd00:10:244:3::16'],
    ),
  );
  const parts = [services, pods].map((book) => ({
    changes: book.decide({ guard: OPEN_GUARD }),
    sets: book.sets,
  }));
  const { sets } = new TableSets().take({
    own: ['203.0.113.12', '192.168.7.12', '2001:db8::12'].map(parseIp),
    answering: ['203.0.113.12', '2001:db8::12'].map(parseIp),
    nodes: ['203.0.113.10', '203.0.113.12', '2001:db8::12'].map(parseIp),
    services: parts[0],
    pods: parts[1],
    answersNodePorts: true,
  });
  return tableCommands(GOLDEN_RULES, sets)
    .map((command) => `${JSON.stringify(command)}\n`)
    .join('');
}

/** The rules of node `n1`, which has subnet 3. */
export const GOLDEN_RULES = tableRules({
  state: {
    device: 'k8s-n1',
    subnets: ['10.244.3.0/24', 'fd00:10:244:3::/64'].map(parseCidr),
    clusterSubnets: ['10.244.0.0/16', 'fd00:10:244::/48'].map(parseCidr),
    serviceSubnets: ['10.96.0.0/16', 'fd00:10:96::/112'].map(parseCidr),
  },
  first: ['203.0.113.12', '2001:db8::12'].map(parseIp),
});

export function readGolden(): string {
  return readFileSync(FILE, 'utf8');
}

export { FILE as GOLDEN_FILE };
