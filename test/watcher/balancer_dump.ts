import type { Uuid } from '../../src/ovsdb/columns.js';
import type { FakeNorthbound } from './fake_northbound.js';

/** Returns what each switch and router has, whichever way, and which rows and groups there are. */
export function dumpBalancers(nb: FakeNorthbound): unknown {
  const balancers = nb.table('Load_Balancer');
  const groups = nb.table('Load_Balancer_Group');
  const row = (uuid: Uuid) => {
    const one = balancers.get(uuid);
    return JSON.stringify([
      one?.name,
      one?.protocol,
      [...(one?.vips ?? [])].toSorted(),
      [...(one?.options ?? [])].toSorted(),
      one?.selection_fields,
      [...(one?.external_ids ?? [])].toSorted(),
    ]);
  };
  return {
    holders: holdersOf(nb)
      .map(({ name, load_balancer, load_balancer_group }) => [
        name,
        load_balancer.map(row),
        load_balancer_group
          .map((uuid) => [groups.get(uuid)?.name, groups.get(uuid)?.load_balancer.map(row).toSorted()])
          .toSorted(),
      ])
      .toSorted(),
    rows: [...balancers.keys()].map(row).toSorted(),
    groups: [...groups.values()].map(({ name }) => name).toSorted(),
  };
}

/** Returns the virtual addresses that a switch or a router has from several rows. */
export function doubledVips(nb: FakeNorthbound): string[] {
  const groups = nb.table('Load_Balancer_Group');
  return holdersOf(nb).flatMap(({ name, load_balancer, load_balancer_group }) => {
    const rows = [
      ...load_balancer,
      ...load_balancer_group.flatMap((uuid) => groups.get(uuid)?.load_balancer ?? []),
    ];
    const vips = [...new Set(rows)].flatMap((uuid) => {
      const { protocol, vips } = nb.table('Load_Balancer').get(uuid) ?? {};
      return [...(vips?.keys() ?? [])].map((vip) => `${name} ${protocol} ${vip}`);
    });
    return vips.filter((vip, i) => vips.indexOf(vip) !== i);
  });
}

function holdersOf(nb: FakeNorthbound) {
  return [...nb.table('Logical_Switch').values(), ...nb.table('Logical_Router').values()];
}
