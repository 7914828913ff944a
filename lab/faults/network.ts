import { ROUTER } from '../cluster.js';
import type { Namespace } from '../namespace.js';
import type { Fault } from './fault.js';
import type { FaultStage } from './stage.js';

const AWAY_MS = 3_000;
/** How long ARP, neighbour discovery and OVN may take afterwards, in milliseconds. */
const LEARN_MS = 2_000;
const AWAY = {
  management: AWAY_MS + LEARN_MS,
  established: AWAY_MS + LEARN_MS,
  new: AWAY_MS + LEARN_MS,
  'node port': AWAY_MS + LEARN_MS,
};
const OTHER_MAC = '02:00:00:00:00:f1';

/** Faults of the network around the gateway. */
export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'carrier lost',
    subject: 'network',
    what: `The other end of the gateway's cable is down for ${AWAY_MS / 1000} s.`,
    promise: 'Traffic is back with the carrier.',
    mayCutMs: AWAY,
    lastsMs: AWAY_MS,
    inject: ({ cluster }) => cluster.outside.ip('link set gw1 down'),
    heal: ({ cluster }) => cluster.outside.ip('link set gw1 up'),
  },
  {
    name: "router's MAC changed",
    subject: 'network',
    what: `The default gateway has another MAC for ${AWAY_MS / 1000} s, and announces each change (gratuitous ARP, unsolicited NA).`,
    promise: 'Hosts and pods learn the MAC from its announcement. `status` has it as a problem for 10 min.',
    mayCutMs: { management: LEARN_MS, established: LEARN_MS, new: LEARN_MS, 'node port': LEARN_MS },
    mayLeave: /problem .*(203\.0\.113\.1|2001:db8::1)\b/,
    lastsMs: AWAY_MS,
    inject: async (stage) => {
      await stage.cluster.outside.sysctl({
        'net.ipv4.conf.lan.arp_notify': 1,
        'net.ipv6.conf.lan.ndisc_notify': 1,
      });
      await changeMac(stage, OTHER_MAC);
    },
    heal: (stage) => changeMac(stage, firstMac(stage)),
  },
  {
    name: "node's address changed",
    subject: 'network',
    what: `The gateway's IPv4 address is replaced by another one for ${AWAY_MS / 1000} s, as by a DHCP server.`,
    promise: 'The old address is cut while the host does not have it.',
    mayCutMs: AWAY,
    lastsMs: AWAY_MS,
    inject: ({ gateway: { host, v4 } }) =>
      host.net.ip(
        `addr del ${v4}/24 dev breth0`,
        'addr add 203.0.113.99/24 dev breth0',
        `route replace default via ${ROUTER.v4}`,
      ),
    heal: ({ gateway: { host, v4 } }) =>
      host.net.ip(
        'addr del 203.0.113.99/24 dev breth0',
        `addr add ${v4}/24 dev breth0`,
        `route replace default via ${ROUTER.v4}`,
      ),
  },
  {
    name: 'bridge renamed',
    subject: 'network',
    what: `The device of the gateway's bridge has another name for ${AWAY_MS / 1000} s.`,
    promise: 'Traffic is back with the name.',
    mayCutMs: AWAY,
    lastsMs: AWAY_MS,
    inject: ({ gateway: { host } }) => rename(host.net, 'breth0', 'renamed'),
    heal: async ({ gateway: { host } }) => {
      if ((await host.net.attempt(['ip', 'link', 'show', 'dev', 'renamed'])).exitCode === 0)
        await rename(host.net, 'renamed', 'breth0');
    },
  },
];

/** The MAC of each stage's router before its first change. */
const macs = new WeakMap<FaultStage, string>();

function firstMac(stage: FaultStage): string {
  return macs.get(stage) ?? OTHER_MAC;
}

async function changeMac(stage: FaultStage, mac: string): Promise<void> {
  const { outside } = stage.cluster;
  if (!macs.has(stage)) {
    const [{ address }] = JSON.parse(await outside.exec(['ip', '-json', 'link', 'show', 'dev', 'lan']));
    macs.set(stage, address);
  }
  await outside.ip(`link set dev lan address ${mac}`);
}

/** Renames a device while it is up (Linux 6.2 or later), as a rule of udev can: it keeps its addresses and routes. */
async function rename(net: Namespace, from: string, to: string): Promise<void> {
  await net.ip(`link set dev ${from} name ${to}`);
}
