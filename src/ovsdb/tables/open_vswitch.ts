import { boolean, database, integer, newer, optional, setOf, string, stringMap, uuid } from '../columns.js';

/** What the product uses of the local switch's database (ovs-vswitchd.conf.db(5)). */
export const openVswitch = database('Open_vSwitch', {
  Open_vSwitch: {
    bridges: setOf(uuid),
    external_ids: stringMap,
    other_config: stringMap,
    next_cfg: integer,
    cur_cfg: integer,
    datapath_types: setOf(string),
    iface_types: setOf(string),
  },
  Bridge: {
    name: string,
    ports: setOf(uuid),
    datapath_type: string,
    fail_mode: optional(string),
    protocols: setOf(string),
    external_ids: stringMap,
    other_config: stringMap,
  },
  Port: {
    name: string,
    interfaces: setOf(uuid),
    tag: optional(integer),
    trunks: setOf(integer),
  },
  Interface: {
    name: string,
    type: string,
    ofport: optional(integer),
    mac: optional(string),
    mac_in_use: optional(string),
    mtu_request: optional(integer),
    error: newer(optional(string)),
    options: stringMap,
    external_ids: stringMap,
  },
  SSL: {
    private_key: string,
    certificate: string,
    ca_cert: string,
    bootstrap_ca_cert: boolean,
  },
});
