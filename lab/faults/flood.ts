import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { Flood } from '../flood.js';
import { transport } from '../frames.js';
import type { Fault } from './fault.js';
import type { FaultStage } from './stage.js';

const RATE = 100_000;
const SECONDS = 5;
const NODE_PORT = 30_080;
/** Different frames; the generator repeats them, so that each is a connection of its own for this many. */
const CONNECTIONS = 250_000;
const CROWDED_MS = 1_500;

/** New connections from addresses of a network beyond the router (RFC 2544). */
export const FLOOD_FAULTS: readonly Fault[] = [
  {
    name: 'flood of new connections',
    subject: 'network',
    what: `${RATE.toLocaleString('en')} new connections a second come to a node port of the gateway for ${SECONDS} s, from ${CONNECTIONS.toLocaleString('en')} different ports and addresses.`,
    promise:
      'Management and established conversations go on; a zone has no more tracked connections than its limit.',
    mayCutMs: {
      management: CROWDED_MS,
      established: CROWDED_MS,
      new: Number.POSITIVE_INFINITY,
      'node port': Number.POSITIVE_INFINITY,
    },
    lastsMs: 0,
    inject: async (stage) => {
      const { cluster, gateway } = stage;
      const flood = await Flood.build(cluster.lab);
      const [{ address }] = JSON.parse(
        await gateway.host.exec(['ip', '-json', 'link', 'show', 'dev', 'breth0']),
      );
      const link = { dst: parseMac(address), src: parseMac('02:00:00:00:00:f2') };
      const frames = Array.from({ length: CONNECTIONS }, (_, i) =>
        transport(
          link,
          { src: parseIp(`198.18.${i & 0xff}.${(i >> 8) & 0xff}`), dst: parseIp(gateway.v4) },
          'udp',
          { src: 1024 + (i >> 4), dst: NODE_PORT },
          Buffer.alloc(8),
        ),
      );
      await flood.send(cluster.outside, 'gw1', RATE * SECONDS, frames, RATE);
    },
    heal: isBounded,
  },
];

/** Throws if the gateway's switch tracks more connections in a zone than its limit. */
async function isBounded({ gateway: { host } }: FaultStage): Promise<void> {
  const ask = (command: string) => host.appctl('-t', 'ovs-vswitchd', command, 'netdev@ovs-netdev');
  const limit = Number(/default limit=(\d+)/.exec(await ask('dpctl/ct-get-limits'))?.[1] ?? 0);
  if (limit === 0) throw new Error('the switch has no limit of tracked connections');
  const counts = new Map<string, number>();
  for (const [, zone = '0'] of (await ask('dpctl/dump-conntrack')).matchAll(/,zone=(\d+)/g))
    counts.set(zone, (counts.get(zone) ?? 0) + 1);
  for (const [zone, count] of counts)
    if (count > limit) throw new Error(`zone ${zone} tracks ${count} connections; its limit is ${limit}`);
}
