import type { Route, Rule } from '../host/snapshot.js';
import type { Cidr } from '../net/cidr.js';
import { type Family, familyOf } from '../net/ip.js';
import { routerAddresses } from './addresses.js';

/** The bit of packet and connection marks that is the product's: replies with it leave by `k8s-NODE`. */
export const WAY_BACK_MARK = 0x4000000;
/** The routing table of such replies. */
const TABLE = 6_400;
/** Before the rule of table `main`, 32766 (ip-rule(8)). */
const PRIORITY = 6_400;

/** What the kernel has of the way back. */
export interface WayBack {
  readonly rules: readonly Rule[];
  /** The routes of all tables through the management port. */
  readonly routes: readonly Route[];
}

/**
 * Returns the `ip` commands that lead marked replies to the cluster's router by the management port; none if all is
 * right. Without this table they would leave by the default route of the host, past the gateway that the client asked.
 */
export function wayBackCommands(
  device: string,
  subnets: readonly Cidr[],
  { rules, routes }: WayBack,
): string[][] {
  const routers = routerAddresses(subnets).map(({ address }) => address);
  const families = routers.map(familyOf);
  return [
    ...routers
      .filter((via) => !routes.some((one) => isDefault(one, familyOf(via)) && one.gateway === via))
      .map((via) => [
        `-${familyOf(via)}`,
        'route',
        'replace',
        'default',
        'via',
        via,
        'dev',
        device,
        ...IN_TABLE,
      ]),
    ...families
      .filter((family) => !rules.some((one) => isOurs(one) && one.family === family))
      .map((family) => ruleCommand(family, 'add')),
  ];
}

/** Returns the `ip` commands that remove what {@link wayBackCommands} adds; the routes go with the device. */
export function removeWayBackCommands(rules: readonly Rule[]): string[][] {
  return rules.filter(isOurs).map(({ family }) => ruleCommand(family, 'del'));
}

const IN_TABLE = ['table', String(TABLE)];

function ruleCommand(family: Family, action: 'add' | 'del'): string[] {
  const mark = `0x${WAY_BACK_MARK.toString(16)}`;
  return [
    `-${family}`,
    'rule',
    action,
    'priority',
    String(PRIORITY),
    'fwmark',
    `${mark}/${mark}`,
    ...IN_TABLE,
  ];
}

function isOurs({ priority, fwmark, table }: Rule): boolean {
  return priority === PRIORITY && Number(fwmark) === WAY_BACK_MARK && Number(table) === TABLE;
}

function isDefault({ dst, table, family }: Route, wanted: Family): boolean {
  return dst === 'default' && Number(table) === TABLE && family === wanted;
}
