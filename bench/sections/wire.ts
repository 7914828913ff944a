import { transport } from '../../lab/frames.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import type { Figure, Report, Section } from '../figure.js';
import { sendDatagrams, serveDatagrams } from '../lab/datagrams.js';
import { Gateway, HOST, MAC, OUTSIDE } from '../lab/gateway.js';
import { sendStream, takeStreams } from '../lab/tcp_stream.js';
import { timeProcess } from '../processes.js';

const ROUNDS = 5;
const DATAGRAMS = 5_000;
/** The host's port for datagrams. */
const PORT = 5001;
/** The conntrack zone of pods' connections in mode `conntrack`. */
const POD_ZONE = 64_000;

/** Size of the TCP stream to the host, in MB. */
const STREAM_MB = 32;
const STREAM_PORT = 5005;

const POD_CONNECTIONS = 10;
const FIRST_POD_PORT = 61_000;
const OUTSIDE_MAC = parseMac('02:00:00:00:00:01');

const MODES = ['no helper', 'port-range', 'conntrack'] as const;
type Mode = (typeof MODES)[number];

/** The datapath's work in one round. */
interface Cost {
  readonly passes: number;
  readonly lookups: number;
  readonly tracked: number;
  /** Duration of the TCP stream, in milliseconds. */
  readonly stream: number;
}

export const wire: Section = {
  name: 'wire',
  about: [
    `${DATAGRAMS} management datagrams from 64 ports outside to a port of the host, which sends each back. The datapath counts`,
    'passes and lookups itself (dpif-netdev/pmd-stats-show), with its exact match cache off.',
    `Then ${STREAM_MB} MB of TCP from outside to the host, until the host confirms them. Then one datagram from each of`,
    `${POD_CONNECTIONS} pods, and the number of entries in zone ${POD_ZONE} (dpctl/dump-conntrack). Modes take turns. Without a helper,`,
    'the bridge has one NORMAL flow.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    await serveDatagrams(gateway.host.net, PORT);
    await takeStreams(gateway.host.net, STREAM_PORT);
    const costs = new Map<Mode, Cost[]>(MODES.map((mode) => [mode, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const mode of MODES) costs.get(mode)?.push(await costOf(gateway, mode));
    }
    gateway.dispose();
    return { figures: figuresOf(costs) };
  },
};

async function costOf(gateway: Gateway, mode: Mode): Promise<Cost> {
  const { host, outside } = gateway;
  if (mode !== 'no helper') await gateway.startHelper(`--demux=${mode}`);
  // Without this, the number of lookups depends on the order in which earlier packets created subtables.
  await host.appctl('revalidator/purge');
  // The previous round's pod frames had the host's MAC, so NORMAL would send the host's packets to the patch port.
  await host.appctl('fdb/flush', 'breth0');
  await host.appctl('dpctl/flush-conntrack');
  await host.appctl('dpif-netdev/pmd-stats-clear');
  await sendDatagrams(outside, { address: HOST.v4, port: PORT }, DATAGRAMS);
  const stats = await host.appctl('dpif-netdev/pmd-stats-show');
  const stream = await sendStream(outside, { address: HOST.v4, port: STREAM_PORT }, STREAM_MB);
  sendFromPods(gateway);
  const tracked = await host.appctl('dpctl/dump-conntrack', 'netdev@ovs-netdev', `zone=${POD_ZONE}`);
  if (mode !== 'no helper') await stopHelper(gateway);
  return {
    stream,
    passes: read(stats, 'avg. datapath passes per packet'),
    lookups: read(stats, 'avg. subtable lookups per megaflow hit'),
    tracked: tracked.split('\n').filter(Boolean).length,
  };
}

/** Puts a datagram of each of some pods' connections on breth0, as the gateway router would. */
function sendFromPods({ host }: Gateway): void {
  const ip = { src: parseIp(HOST.v4), dst: parseIp(OUTSIDE.v4) };
  for (let port = 0; port < POD_CONNECTIONS; port += 1) {
    const ports = { src: FIRST_POD_PORT + port, dst: 53 };
    const frame = transport({ dst: OUTSIDE_MAC, src: parseMac(MAC) }, ip, 'udp', ports, Buffer.alloc(8));
    timeProcess([
      ...(['ovs-ofctl', 'packet-out', `unix:${host.rundir}/br-int.mgmt`] as const),
      `in_port=CONTROLLER packet=${frame.toString('hex')} actions=output:1`,
    ]);
  }
}

/** Stops the helper, and restores the bridge's single NORMAL flow. */
async function stopHelper({ host }: Gateway): Promise<void> {
  await host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit', '--cleanup');
}

function read(stats: string, name: string): number {
  const [, value] = new RegExp(`${name}: ([\\d.]+)`).exec(stats) ?? [];
  if (value === undefined) throw new Error(`pmd-stats-show has no line for ${name}`);
  return Number(value);
}

function figuresOf(costs: ReadonlyMap<Mode, readonly Cost[]>): Figure[] {
  const samples = (mode: Mode, what: keyof Cost) => (costs.get(mode) ?? []).map((cost) => cost[what]);
  const compared = (what: 'passes' | 'lookups' | 'stream', unit: string, most?: number): Figure[] => {
    const reference: Figure = { name: 'no helper', unit, samples: samples('no helper', what) };
    return [
      reference,
      ...(['port-range', 'conntrack'] as const).map((mode): Figure => {
        const figure = { name: mode, unit, samples: samples(mode, what), to: reference };
        return most === undefined || mode !== 'port-range'
          ? figure
          : { ...figure, targets: [{ of: 'p99', as: 'value', atMost: most }] };
      }),
    ];
  };
  return [
    ...compared('passes', 'passes per packet', 1.02),
    ...compared('lookups', 'lookups per hit'),
    ...compared('stream', `ms for ${STREAM_MB} MB of TCP`),
    ...MODES.map(
      (mode): Figure => ({
        name: mode,
        unit: `entries in zone ${POD_ZONE}`,
        samples: samples(mode, 'tracked'),
        ...(mode === 'port-range' ? { targets: [{ of: 'p99', as: 'value', atMost: 0 }] } : {}),
      }),
    ),
  ];
}
