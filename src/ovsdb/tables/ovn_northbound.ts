import { database, integer, newer, optional, setOf, string, stringMap, uuid } from '../columns.js';

/** What the product uses of OVN's northbound database (ovn-nb(5)). */
export const ovnNorthbound = database('OVN_Northbound', {
  Logical_Switch: {
    name: string,
    ports: setOf(uuid),
    load_balancer: setOf(uuid),
    load_balancer_group: setOf(uuid),
    other_config: stringMap,
    external_ids: stringMap,
  },
  Logical_Switch_Port: {
    name: string,
    type: string,
    options: stringMap,
    addresses: setOf(string),
    dynamic_addresses: optional(string),
    port_security: setOf(string),
    external_ids: stringMap,
  },
  Logical_Router: {
    name: string,
    ports: setOf(uuid),
    static_routes: setOf(uuid),
    policies: setOf(uuid),
    nat: setOf(uuid),
    load_balancer: setOf(uuid),
    load_balancer_group: setOf(uuid),
    options: stringMap,
    external_ids: stringMap,
  },
  Logical_Router_Port: {
    name: string,
    mac: string,
    networks: setOf(string),
    options: newer(stringMap),
    external_ids: stringMap,
  },
  Logical_Router_Static_Route: {
    ip_prefix: string,
    nexthop: string,
    policy: optional(string),
    output_port: optional(string),
    external_ids: newer(stringMap),
  },
  Logical_Router_Policy: {
    priority: integer,
    match: string,
    action: string,
    external_ids: newer(stringMap),
  },
  NAT: {
    type: string,
    external_ip: string,
    logical_ip: string,
    external_port_range: newer(string),
    // OVN 20.09 and later.
    allowed_ext_ips: optional(uuid),
    external_ids: newer(stringMap),
  },
  Address_Set: {
    name: string,
    addresses: setOf(string),
    external_ids: stringMap,
  },
  Load_Balancer: {
    name: string,
    vips: stringMap,
    protocol: optional(string),
    options: newer(stringMap),
    selection_fields: newer(setOf(string)),
    external_ids: stringMap,
  },
  // OVN 21.12 and later.
  Load_Balancer_Group: {
    name: string,
    load_balancer: setOf(uuid),
  },
});
