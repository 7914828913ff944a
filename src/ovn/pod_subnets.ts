import { type Cidr, contains, formatCidr, parseCidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { ipv4Number, isIpv4, parseIp } from '../net/ip.js';
import type { RowOf } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { ofFamily } from './addresses.js';
import { switchGateways } from './gateways.js';
import { KEYS } from './keys.js';

/** IPv4 addresses as numbers, from `first` to `last`. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
}

/** The addresses that pods on a node's switch can have. */
export interface PodSubnets {
  /** The addresses of the cluster router's port. Pods have their masks. */
  readonly gateways: readonly Cidr[];
  readonly v4: Cidr | undefined;
  readonly v6: Cidr | undefined;
  /** The IPv4 addresses that no pod gets: those of the router, and those that an operator has excluded. */
  readonly excluded: readonly Ipv4Range[];
}

type LogicalSwitch = Pick<
  RowOf<typeof ovnNorthbound, 'Logical_Switch'>,
  'name' | 'external_ids' | 'other_config'
>;

/**
 * Reads the subnets of a node's switch: `other_config:subnet`, `ipv6_prefix` and `exclude_ips` (ovn-nb(5)), else those
 * of the router's addresses.
 * @throws ProductError `ERR_BAD_ROW` naming the switch and the key, also if the switch has no subnet
 */
export function readPodSubnets({ name, external_ids, other_config }: LogicalSwitch): PodSubnets {
  const read = <T>(map: ReadonlyMap<string, string>, key: string, parse: (text: string) => T) => {
    const text = map.get(key);
    try {
      return text === undefined || text.trim() === '' ? undefined : parse(text);
    } catch (error) {
      throw badSwitch(name, `${key}=${text}`, error);
    }
  };
  const gateways = read(external_ids, KEYS.gatewayIp, switchGateways) ?? [];
  const v4 = read(other_config, 'subnet', parseCidr) ?? ofFamily(gateways, 4);
  const v6 =
    read(other_config, 'ipv6_prefix', (text) => parsePrefix(text, gateways)) ?? ofFamily(gateways, 6);
  const excluded = [
    ...gateways.flatMap(({ address }) => (isIpv4(address) ? [rangeOfOne(ipv4Number(address))] : [])),
    ...(read(other_config, 'exclude_ips', parseRanges) ?? []),
  ];
  for (const subnet of [v4, v6])
    if (subnet !== undefined && !gateways.some((one) => contains(one, subnet.address)))
      throw badSwitch(name, `${KEYS.gatewayIp} has no address in ${formatCidr(subnet)}`);
  if (v4 === undefined && v6 === undefined) throw badSwitch(name, `${KEYS.gatewayIp} is not set`);
  return { gateways, v4, v6, excluded };
}

/** Returns the range that has an IPv4 address, as a number; `undefined` if none has it. */
export function rangeOf(ranges: readonly Ipv4Range[], address: number): Ipv4Range | undefined {
  return ranges.find(({ first, last }) => first <= address && address <= last);
}

/** Reads `ipv6_prefix`, which OVN takes with and without a mask. */
function parsePrefix(text: string, gateways: readonly Cidr[]): Cidr {
  if (text.includes('/')) return parseCidr(text);
  const prefix = ofFamily(gateways, 6)?.prefix ?? 64;
  return { address: parseIp(text), prefix, family: 6 };
}

/** Reads `exclude_ips`: addresses and ranges like `10.1.2.3..10.1.2.9`, separated by spaces. */
function parseRanges(text: string): Ipv4Range[] {
  const parts = text.replaceAll(/\s*\.\.\s*/g, '..').split(/\s+/);
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const [first = '', last = first, ...rest] = part.split('..');
      const range = { first: parseIpv4(first), last: parseIpv4(last) };
      if (rest.length > 0 || range.last < range.first) throw new RangeError(`"${part}" is not a range`);
      return range;
    });
}

function rangeOfOne(address: number): Ipv4Range {
  return { first: address, last: address };
}

function parseIpv4(text: string): number {
  const ip = parseIp(text);
  if (!isIpv4(ip)) throw new RangeError(`${ip} is not an IPv4 address`);
  return ipv4Number(ip);
}

function badSwitch(name: string, what: string, cause?: unknown): ProductError {
  return new ProductError(
    'ERR_BAD_ROW',
    `Logical_Switch ${name}: ${what}; correct it with ovn-nbctl, or run minion-init on ${name} again`,
    cause === undefined ? {} : { cause },
  );
}
