import { usableDatapaths } from '../../switch/bridges.js';
import type { LocalDatabase } from '../../switch/connection.js';
import type { LocalSwitch, SwitchInterface } from './facts.js';

/**
 * Reads the switch and its bridges from the local database.
 * @param kernelHasIt whether the kernel has Open vSwitch's datapath
 */
export function readLocalSwitch(db: LocalDatabase, kernelHasIt: boolean): LocalSwitch {
  const [root] = [...db.table('Open_vSwitch').values()];
  return {
    externalIds: root?.external_ids ?? new Map(),
    datapathTypes: usableDatapaths(db, kernelHasIt),
    ifaceTypes: root?.iface_types ?? [],
    isSettled: root !== undefined && root.cur_cfg >= root.next_cfg,
    bridges: [...db.table('Bridge').values()].map((bridge) => ({
      name: bridge.name,
      datapath: bridge.datapath_type === '' ? 'system' : bridge.datapath_type,
      failMode: bridge.fail_mode,
      externalIds: bridge.external_ids,
      interfaces: bridge.ports
        .flatMap((port) => db.table('Port').get(port) ?? [])
        .flatMap(({ interfaces, trunks }) => interfaces.map((uuid) => ({ uuid, trunks })))
        .flatMap(({ uuid, trunks }): SwitchInterface[] => {
          const row = db.table('Interface').get(uuid);
          if (row === undefined) return [];
          const { name, type, ofport, error, options, external_ids } = row;
          return [{ name, type, ofport, error, options, externalIds: external_ids, trunks }];
        }),
    })),
  };
}
