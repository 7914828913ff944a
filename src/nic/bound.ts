import type { Link } from '../host/snapshot.js';
import { parseSockets } from '../host/sockets.js';

/*
 * What is bound to a device by its index, and stays with it when its addresses move: devices, sockets, and memberships in
 * multicast groups.
 */

/** Ports of DHCP clients, which have notes and steps of their own. */
const CLIENT_PORTS: readonly number[] = [68, 546];

/** Groups that the kernel joins itself: all nodes, all routers, and solicited nodes (RFC 4291 section 2.7.1). */
const OWN_GROUPS = /^(224\.0\.0\.[12]|ff0[125]::[12]|ff02::6a|ff02::1:ff[0-9a-f]{2}:[0-9a-f]{1,4})$/;

/** Returns a note for each device that is stacked on `device`, or that sends through it, such as a VXLAN with `dev`. */
export function boundDevices(device: string, to: string, links: readonly Link[]): string[] {
  return links.flatMap(({ ifname, link, linkinfo }) => {
    const { info_kind: kind, info_data: data } = linkinfo ?? {};
    // `link` of a veth device is its peer.
    if (link === device && kind !== 'veth')
      return [
        `${ifname} is stacked on ${device}: its frames bypass ${to} until it is created again on ${to}`,
      ];
    if (data?.link !== device && data?.dev !== device) return [];
    return [
      `${ifname} (${kind}) sends through ${device}: it is cut off until it is created again with dev ${to}`,
    ];
  });
}

/** Returns a note for each socket that is bound to `device`, or to a link-local address on it, in the output of `ss`. */
export function boundSockets(device: string, to: string, output: string): string[] {
  return parseSockets(output)
    .filter(({ text: shown }) => {
      const [local = ''] = shown.split(' ');
      return local.includes(`%${device}:`) || local.includes(`%${device}]`);
    })
    .filter(({ protocol, port }) => protocol !== 'udp' || !CLIENT_PORTS.includes(port))
    .map(
      (socket) =>
        `${socket.protocol} socket ${socket.text} is bound to ${device} and gets nothing on ${to}: restart its program with ${to}`,
    );
}

/** Returns a note for each multicast group that a program has joined, in the output of `ip -json maddress show`. */
export function joinedGroups(device: string, json: string): string[] {
  return groupsIn(json)
    .filter((group) => !OWN_GROUPS.test(group))
    .map(
      (group) =>
        `a program has joined ${group} on ${device}: restart it, so that it joins where the address is`,
    );
}

function groupsIn(json: string): string[] {
  let links: unknown;
  try {
    links = JSON.parse(json || '[]');
  } catch {
    return [];
  }
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const of = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).find(([key]) => key === name)?.[1]
      : undefined;
  return list(links)
    .flatMap((link) => list(of(link, 'maddr')))
    .filter((one) => of(one, 'family') !== undefined)
    .map((one) => of(one, 'address'))
    .filter((address) => typeof address === 'string');
}
