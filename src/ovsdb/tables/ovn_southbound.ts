import { database, optional, setOf, string, stringMap, uuid } from '../columns.js';

/** What the product reads of OVN's southbound database (ovn-sb(5)). */
export const ovnSouthbound = database('OVN_Southbound', {
  Chassis: { name: string, hostname: string, encaps: setOf(uuid), external_ids: stringMap },
  Encap: { type: string, ip: string, chassis_name: string },
  Port_Binding: { logical_port: string, type: string, chassis: optional(uuid) },
});
