import { type Check, type Finding, fail, ok } from '../finding.js';
import type { Known } from '../known.js';

/** Whether everything that is asked answers: the local database, OVN's two, Kubernetes' API server. */
export const databases: Check = {
  name: 'databases',
  run: ({ local, northbound, southbound, kubernetes }) => [
    judge(local, 'the local database answers', 'start ovsdb-server: systemctl start openvswitch-switch'),
    judge(
      northbound,
      'OVN_Northbound answers',
      'see external_ids:ovn-nb here, and ovn-nbctl get-connection on the central node; for ssl: the key pair in the sysconf directory',
    ),
    judge(
      southbound,
      'OVN_Southbound answers',
      'see external_ids:ovn-remote here, and ovn-sbctl get-connection on the central node',
    ),
    ...(kubernetes === undefined
      ? []
      : [
          judge(
            kubernetes,
            "Kubernetes' API server answers",
            'see external_ids:k8s-api-server, k8s-ca-certificate and k8s-api-token',
          ),
        ]),
  ],
};

function judge(answer: Known<unknown>, good: string, remedy: string): Finding {
  return answer.isKnown ? ok(good) : fail(answer.why, remedy);
}
