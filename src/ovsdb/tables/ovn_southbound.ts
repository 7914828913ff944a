import { database, string, stringMap } from '../columns.js';

/** What the product reads of OVN's southbound database (ovn-sb(5)). */
export const ovnSouthbound = database('OVN_Southbound', {
  Chassis: { name: string, hostname: string, external_ids: stringMap },
});
