import { type Check, type Finding, fail, ok } from '../finding.js';
import type { Known } from '../known.js';

/** Checks that the local database, OVN's two databases and Kubernetes' API server answer. */
export const databases: Check = {
  name: 'databases',
  run: ({ local, northbound, southbound, kubernetes }) => [
    judge(local, 'the local database answers', 'start ovsdb-server: systemctl start openvswitch-switch'),
    judge(
      northbound,
      'OVN_Northbound answers',
      'check external_ids:ovn-nb here, ovn-nbctl get-connection on the central node and, for ssl:, the key pair in the sysconf directory',
    ),
    judge(
      southbound,
      'OVN_Southbound answers',
      'check external_ids:ovn-remote here, and ovn-sbctl get-connection on the central node',
    ),
    ...(kubernetes === undefined
      ? []
      : [
          judge(
            kubernetes,
            "Kubernetes' API server answers",
            'check external_ids:k8s-api-server, k8s-ca-certificate and k8s-api-token-file',
          ),
        ]),
  ],
};

function judge(answer: Known<unknown>, good: string, remedy: string): Finding {
  return answer.isKnown ? ok(good) : fail(answer.why, remedy);
}
