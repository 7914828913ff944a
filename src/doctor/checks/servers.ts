import { serverName } from '../../ovn/tls.js';
import { OVN_NB, OVN_REMOTE } from '../../switch/external_ids.js';
import { type Check, type Finding, given, ok, warn } from '../finding.js';

const DATABASES = [
  { key: OVN_NB, name: 'OVN_Northbound', part: 'northbound' },
  { key: OVN_REMOTE, name: 'OVN_Southbound', part: 'southbound' },
] as const;

/** Checks that no other host's certificate passes for that of a database's server. */
export const servers: Check = {
  name: 'servers',
  run: ({ local, certificates }) =>
    given(local, ({ externalIds }) =>
      DATABASES.flatMap(({ key, name, part }): readonly Finding[] => {
        if (!/(^|,)\s*ssl:/.test(externalIds.get(key) ?? '')) return [];
        if (serverName(externalIds, key) !== undefined)
          return [ok(`${name}: the server's certificate must have a name`)];
        if (certificates[part] !== true) return [ok(`${name}: servers have a CA of their own`)];
        return [
          warn(
            `${name}: the certificate of any host, also of this one, passes for the server's`,
            `run ovs-vsctl set Open_vSwitch . external_ids:${key}-server-name=NAME, with the name in the server's certificate`,
          ),
        ];
      }),
    ),
};
