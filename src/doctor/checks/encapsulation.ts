import { ENCAP_IP, ENCAP_TYPE, SYSTEM_ID } from '../../switch/external_ids.js';
import type { ChassisFacts, LinkFacts, LocalSwitch, Netfilter } from '../facts/facts.js';
import { type Check, type Finding, fail, given, ok, orElse, warn } from '../finding.js';
import { integrationOf } from '../node.js';

/** The destination port of each tunnel type of `ovn-encap-type` (RFC 8926; draft-davie-stt; RFC 7348). */
const TUNNEL_PORTS: ReadonlyMap<string, number> = new Map([
  ['geneve', 6081],
  ['stt', 7471],
  ['vxlan', 4789],
]);

/** Checks that tunnels can leave and arrive: their type, address, ports on br-int, and the host's firewall. */
export const encapsulation: Check = {
  name: 'encapsulation',
  run: ({ local, links, southbound, netfilter }) =>
    given(local, (host) => [
      ...given(links, (all) => configured(host, all)),
      ...given(southbound, ({ chassis }) => tunnels(host, chassis)),
      ...given(netfilter, (rules) => openPorts(host, rules)),
    ]),
};

function configured(host: LocalSwitch, links: readonly LinkFacts[]): readonly Finding[] {
  const types = typesOf(host);
  const address = host.externalIds.get(ENCAP_IP);
  const found: Finding[] = [];
  const set = (key: string, example: string) =>
    `run ovs-vsctl set Open_vSwitch . external_ids:${key}=${example}`;
  if (types.length === 0)
    found.push(fail(`external_ids:${ENCAP_TYPE} is not set`, set(ENCAP_TYPE, 'geneve')));
  for (const type of types) {
    const geneve = set(ENCAP_TYPE, 'geneve');
    if (!TUNNEL_PORTS.has(type))
      found.push(fail(`external_ids:${ENCAP_TYPE}=${type} is not a tunnel type of OVN`, geneve));
    else if (type === 'stt') found.push(withoutStt(host, geneve));
    else if (!host.ifaceTypes.includes(type))
      found.push(
        fail(
          `ovs-vswitchd has no tunnels of type ${type}`,
          `run modprobe vport-${type}, or set another ovn-encap-type`,
        ),
      );
  }
  const datapath = integrationOf(host)?.datapath;
  if (datapath === 'system' && !host.datapathTypes.includes('system')) {
    found.push(
      fail(
        'the kernel has no datapath of Open vSwitch, which br-int needs',
        'run modprobe openvswitch and restart ovs-vswitchd, or set external_ids:ovn-bridge-datapath-type=netdev',
      ),
    );
  }
  if (address === undefined) {
    found.push(
      fail(`external_ids:${ENCAP_IP} is not set`, set(ENCAP_IP, 'ADDRESS, an address of this host')),
    );
    return found;
  }
  const carrier = links.find(({ addresses }) => addresses.some((one) => one === address));
  if (carrier === undefined) {
    found.push(
      fail(
        `external_ids:${ENCAP_IP}=${address} is not an address of this host`,
        set(ENCAP_IP, 'ADDRESS, an address of this host'),
      ),
    );
  } else if (!carrier.isUp) {
    found.push(fail(`${carrier.name}, which has ${address}, is down`, `run ip link set ${carrier.name} up`));
  } else if (datapath === 'netdev' && !host.bridges.some(({ name }) => name === carrier.name)) {
    found.push(
      fail(
        `${address} is on ${carrier.name}, but the userspace datapath tunnels only through a bridge that has the address`,
        `run ovn-k8s-util nics-to-bridge ${carrier.name}`,
      ),
    );
  }
  return orElse(found, `tunnels are ${types.join(', ')} from ${address}`);
}

/** OVN 25.09 removed STT, and so did OVS 4.0: a host that still uses it loses its tunnels in an upgrade. */
function withoutStt({ ifaceTypes }: LocalSwitch, geneve: string): Finding {
  const remedy = `${geneve} on every host`;
  return ifaceTypes.includes('stt')
    ? warn(`external_ids:${ENCAP_TYPE} has stt, which OVN 25.09 removed`, `${remedy} before an upgrade`)
    : fail('ovs-vswitchd has no tunnels of type stt, which OVN 25.09 removed', remedy);
}

/** Checks that ovn-controller has made a port on br-int for each other chassis. */
function tunnels(host: LocalSwitch, chassis: readonly ChassisFacts[]): readonly Finding[] {
  const others = chassis.filter(({ name }) => name !== host.externalIds.get(SYSTEM_ID));
  const ends = new Set(integrationOf(host)?.interfaces.map(({ options }) => options.get('remote_ip')));
  const missing = others.filter(({ encapIps }) => !encapIps.some((ip) => ends.has(ip)));
  if (missing.length > 0) {
    return [
      fail(
        `br-int has no tunnel to ${missing.map(({ name }) => name).join(', ')}`,
        'both ends must have the same external_ids:ovn-encap-type; see ovn-controller.log',
      ),
    ];
  }
  return [ok(`br-int has a tunnel to each of the ${others.length} other hosts`)];
}

/** Finds firewall chains that drop by policy and have no rule for the tunnel's port. */
function openPorts(host: LocalSwitch, { closedChains }: Netfilter): readonly Finding[] {
  return typesOf(host).flatMap((type) => {
    const port = TUNNEL_PORTS.get(type);
    if (port === undefined) return [];
    const closed = closedChains.filter(({ ports }) => !ports.includes(port));
    return closed.map(({ name }) =>
      warn(
        `chain ${name} drops packets that no rule accepts, and no rule names port ${port} of ${type}`,
        `accept ${type === 'stt' ? 'tcp' : 'udp'} port ${port} from the other hosts in that chain`,
      ),
    );
  });
}

function typesOf({ externalIds }: LocalSwitch): string[] {
  return (externalIds.get(ENCAP_TYPE) ?? '').split(',').filter((type) => type !== '');
}
