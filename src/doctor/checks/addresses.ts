import { EXTERNAL_IP_CIDRS } from '../../kube/external_ip_cidrs.js';
import { type Check, type Finding, given, ok, warn } from '../finding.js';
import { sharedBridges } from '../node.js';

/**
 * Checks that something limits which external addresses services may have. An admission rule can do so too, but a
 * node's account must not read those.
 */
export const addresses: Check = {
  name: 'addresses',
  run: ({ local, helper, kubernetes }) =>
    given(local, (host) => {
      if (kubernetes === undefined || sharedBridges(host).length === 0) return [];
      // The helper knows its option and the setting.
      const limit = helper.isKnown ? helper.value.externalIpCidrs : host.externalIds.get(EXTERNAL_IP_CIDRS);
      return [judge(limit)];
    }),
};

function judge(limit: string | undefined): Finding {
  if (limit !== undefined) return ok(`services get external addresses of ${limit} only`);
  return warn(
    `an author of Services may take any free address: external_ids:${EXTERNAL_IP_CIDRS} is not set`,
    `run ovs-vsctl set Open_vSwitch . external_ids:${EXTERNAL_IP_CIDRS}=NETWORK/PREFIX (or none) here and at the watcher; ignore this if an admission rule limits externalIPs, which doctor cannot read`,
  );
}
