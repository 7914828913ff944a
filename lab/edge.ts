import { type Host, startHost } from './host.js';
import { Lab } from './lab.js';
import { cable } from './link.js';
import type { Namespace } from './namespace.js';

export const MAC = '0a:58:cb:00:71:0a';
export const EDGE = { v4: '203.0.113.10', v6: '2001:db8::10' };
export const ROUTER = { v4: '203.0.113.1', v6: '2001:db8::1' };

export interface Edge {
  readonly lab: Lab;
  readonly host: Host;
  readonly router: Namespace;
}

/** Starts a host with its addresses on a plain eth0, and a router at the other end of its cable. */
export async function startEdge(): Promise<Edge> {
  const lab = Lab.open();
  const [host, router] = await Promise.all([startHost(lab, 'edge'), lab.namespace('router')]);
  // Without duplicate detection no address is ever tentative, so the inventory does not change by itself.
  await host.net.sysctl({ 'net.ipv6.conf.default.accept_dad': 0 });
  await cable({ in: host.net, name: 'eth0', mac: MAC }, { in: router, name: 'lan' });
  await router.ip(
    `addr add ${ROUTER.v4}/24 dev lan`,
    `addr add ${ROUTER.v6}/64 dev lan nodad`,
    'addr add 198.51.100.1/32 dev lan',
  );
  await host.net.ip(
    `addr add ${EDGE.v4}/24 broadcast 203.0.113.255 dev eth0`,
    `addr add ${EDGE.v6}/64 dev eth0 nodad`,
    `route add default via ${ROUTER.v4} dev eth0 proto static metric 100 src ${EDGE.v4} mtu 1400`,
    `route add default via ${ROUTER.v6} dev eth0 metric 1024 pref high`,
  );
  return { lab, host, router };
}

/** Starts the same host, with every kind of configuration that an interface can have on eth0. */
export async function startLadenEdge(): Promise<Edge> {
  const edge = await startEdge();
  const { net } = edge.host;
  await net.sysctl({
    'net.ipv4.conf.eth0.rp_filter': 2,
    'net.ipv6.conf.eth0.accept_ra': 0,
    'net.ipv4.neigh.eth0.gc_stale_time': 90,
  });
  await net.ip(
    'link set eth0 mtu 1450',
    'addr add 203.0.113.11/24 dev eth0 label eth0:1',
    'addr add 192.0.2.5/32 dev eth0',
    'addr add 192.0.2.6 peer 192.0.2.7/32 dev eth0',
    'addr add 203.0.113.12/24 dev eth0 valid_lft 3600 preferred_lft 1800',
    'addr add 203.0.113.13/24 dev eth0 preferred_lft 0',
    'addr add 2001:db8:1::10/64 dev eth0 noprefixroute nodad',
    'addr add 2001:db8:2::10/64 dev eth0',
    'addr add 2001:db8::13/64 dev eth0 preferred_lft 0 nodad',
    'route add 198.51.100.0/24 via 192.0.2.1 dev eth0 onlink proto 99',
    `route add default via ${ROUTER.v4} dev eth0 table 77`,
    'route add 10.9.0.0/16 dev eth0 scope link metric 5',
    'route add local 10.8.0.0/16 dev eth0',
    'route add 10.7.0.0/16 nexthop via 203.0.113.1 dev eth0 nexthop via 203.0.113.2 dev eth0 weight 3',
    'route add 2001:db8:9::/48 via fe80::99 dev eth0',
    'route add 2001:db8:a::/48 from 2001:db8:b::/48 via 2001:db8::1 dev eth0',
    'route add 2001:db8:c::/48 via 2001:db8::1 dev eth0 expires 3000',
    'rule add iif eth0 table 77 priority 1000',
    'rule add not from 10.0.0.0/8 iif eth0 ipproto tcp sport 1024-2048 dport 22 table 77 priority 1002',
    'rule add oif eth0 fwmark 0x1/0xff tos 0x10 uidrange 0-99 table 77 suppress_prefixlength 0 priority 1003',
    'rule add iif eth0 to 10.66.0.0/16 prohibit priority 1004',
    'neigh add 203.0.113.66 lladdr 02:00:00:00:00:66 dev eth0 nud permanent',
    'neigh add 2001:db8::66 lladdr 02:00:00:00:00:66 dev eth0 nud permanent router',
    'neigh add proxy 203.0.113.67 dev eth0',
  );
  await net.exec(['ip', '-6', 'rule', 'add', 'oif', 'eth0', 'table', '77', 'priority', '1001']);
  await net.exec(['ip', '-6', 'rule', 'add', 'iif', 'eth0', 'table', '77', 'priority', '1001']);
  return edge;
}

/**
 * Returns one line for each fact that a move must preserve. Lifetimes are left out, and DEVICE replaces the device's
 * name. Addresses and rules keep their order, because the kernel chooses by it; routes do not.
 */
export async function inventory(net: Namespace, device: string): Promise<string[]> {
  const dump = async (...args: string[]): Promise<Record<string, unknown>[]> =>
    JSON.parse((await net.exec(['ip', '-json', '-details', ...args])) || '[]');
  const [addresses, routes4, routes6, rules4, rules6, neighbours, proxies, links] = await Promise.all([
    dump('address', 'show', 'dev', device),
    dump('-4', 'route', 'show', 'table', 'all'),
    dump('-6', 'route', 'show', 'table', 'all'),
    dump('-4', 'rule', 'show'),
    dump('-6', 'rule', 'show'),
    dump('neighbour', 'show', 'dev', device, 'nud', 'permanent'),
    dump('neighbour', 'show', 'proxy', 'dev', device),
    dump('link', 'show', 'dev', device),
  ]);
  const numbered = (all: readonly object[]) => all.map((one, index) => ({ index, ...one }));
  const things = [
    ...numbered(addresses.flatMap(({ addr_info }) => addr_info as object[])),
    ...[...routes4, ...routes6].filter((route) => isThrough(route, device)),
    ...numbered(rules4),
    ...numbered(rules6),
    ...neighbours,
    ...proxies,
    ...links.map(({ mtu, address, inet6_addr_gen_mode }) => ({ mtu, address, inet6_addr_gen_mode })),
  ];
  const lines = [...things.map((one) => JSON.stringify(withoutTime(one))), ...(await sysctlsOf(net, device))];
  return lines.map((line) => line.replaceAll(device, 'DEVICE')).sort();
}

/** Compares two inventories: returns `- LINE` for a line only in the first, `+ LINE` for one only in the second. */
export function changes(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
}

const TIMES = ['valid_life_time', 'preferred_life_time', 'expires'];

/** Replaces a lifetime that is running by a word. An expired or endless lifetime stays, since a move must keep it. */
function withoutTime(one: object): object {
  return Object.fromEntries(
    Object.entries(one).map(([key, value]) => [
      key,
      TIMES.includes(key) && value !== 0 && value !== 0xffffffff ? 'some' : value,
    ]),
  );
}

function isThrough(route: { dev?: string; nexthops?: readonly { dev?: string }[] }, device: string): boolean {
  return route.dev === device || (route.nexthops ?? []).some(({ dev }) => dev === device);
}

/** Returns the interface's sysctls, without those that cannot be the same on two interfaces. */
async function sysctlsOf(net: Namespace, device: string): Promise<string[]> {
  // procps 4.0.7 exits with 1 when it may not read one of the values, even with -e.
  const { stdout: text } = await net.attempt([
    'sysctl',
    '-e',
    '-a',
    '--pattern',
    `^net\\.ipv[46]\\.(conf|neigh)\\.${device}\\.`,
  ]);
  if (text === '') throw new Error(`sysctl printed no values of ${device}`);
  return text.split('\n').filter((line) => !/\.(stable_secret|addr_gen_mode|mc_forwarding) /.test(line));
}
