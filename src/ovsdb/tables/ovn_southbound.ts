import { database, optional, setOf, string, stringMap, uuid } from '../columns.js';

/** What the product reads of OVN's southbound database (ovn-sb(5)). */
export const ovnSouthbound = database('OVN_Southbound', {
  Chassis: { name: string, hostname: string, encaps: setOf(uuid) },
  Encap: { ip: string },
  Port_Binding: { logical_port: string, chassis: optional(uuid) },
});

/** What the CNI plugin reads there: one row, by which it knows a pod's network. */
export const podBindings = database('OVN_Southbound', {
  Port_Binding: { logical_port: string, external_ids: stringMap },
});
