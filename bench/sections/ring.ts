import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Flood } from '../../lab/flood.js';
import { Lab } from '../../lab/lab.js';
import { cable } from '../../lab/link.js';
import type { Namespace } from '../../lab/namespace.js';
import { PROJECT } from '../../lab/project.js';
import { RingAgent, totalOf } from '../../lab/ring.js';
import type { Running } from '../../lab/running.js';
import { trafficMix } from '../../lab/traffic_mix.js';
import { until } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';

const ROUNDS = 7;
const PACKETS = 1_000_000;
/** pcap takes about ten times as long. */
const PCAP_PACKETS = 200_000;
const STOPPED_MS = 300;
/** The number of frames of the mix. Those that enter at the NIC are sent repeatedly. */
const DISTINCT = 2_000;

export const ring: Section = {
  name: 'ring',
  about: [
    'The lab floods a veth with a mix of frames of every class that enters at the NIC. The ring reads and counts them by',
    'class, alternating with npm pcap and its decoder. Processor time of the reading process (user and system) for each packet',
    `that it received; a round has ${PACKETS} packets for the ring and ${PCAP_PACKETS} for pcap. Then the ring again, with its`,
    `process stopped (SIGSTOP) for ${STOPPED_MS} ms during the flood.`,
  ],

  async measure(): Promise<Report> {
    const lab = Lab.open();
    const [net, outside] = await Promise.all([lab.namespace('host'), lab.namespace('outside')]);
    for (const one of [net, outside]) await one.sysctl({ 'net.ipv6.conf.default.disable_ipv6': 1 });
    const flood = await Flood.build(lab);
    await cable({ in: net, name: 'eth0' }, { in: outside, name: 'lan' });
    // The mix has frames with two tags.
    await Promise.all([net.ip('link set eth0 mtu 1600'), outside.ip('link set lan mtu 1600')]);
    const frames = trafficMix(DISTINCT).flatMap(({ side, frame }) => (side === 'phys' ? [frame] : []));
    const send = (count: number) => flood.send(outside, 'lan', count, frames);
    const runs = { ring: [] as Run[], pcap: [] as Run[], stopped: [] as Run[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      runs.ring.push(await readByRing(net, send));
      runs.pcap.push(await readByPcap(net, send));
      runs.stopped.push(await readByRing(net, send, STOPPED_MS));
    }
    lab.dispose();
    return report(runs);
  },
};

interface Run {
  readonly microsecondsPerPacket: number;
  /** Packets that arrived at the interface and were not counted. */
  readonly missed: number;
  readonly packetsPerSecond: number;
}

async function readByRing(
  net: Namespace,
  send: (count: number) => Promise<number>,
  stoppedMs = 0,
): Promise<Run> {
  const agent = await RingAgent.start(net, 'eth0');
  const idle = await agent.seen(0);
  const before = await received(net);
  const sending = send(PACKETS);
  if (stoppedMs > 0) {
    await agent.seen(PACKETS / 10);
    process.kill(agent.running.pid, 'SIGSTOP');
    await pause(stoppedMs);
    process.kill(agent.running.pid, 'SIGCONT');
  }
  const packetsPerSecond = await sending;
  const arrived = (await received(net)) - before;
  // Lost packets never arrive. After the deadline, the count so far is the result.
  const last = await agent.seen(arrived).catch(() => agent.seen(0));
  await agent.running.stop();
  const counted = totalOf(last);
  return {
    microsecondsPerPacket: (last.cpuMicroseconds - idle.cpuMicroseconds) / counted,
    missed: arrived - counted,
    packetsPerSecond,
  };
}

async function readByPcap(net: Namespace, send: (count: number) => Promise<number>): Promise<Run> {
  const agent = join(PROJECT, 'bench/lab/pcap_agent.mjs');
  const running = net.spawn([process.execPath, agent, 'eth0']);
  await running.says(/reading/);
  const idle = await askPcap(running);
  const before = await received(net);
  const packetsPerSecond = await send(PCAP_PACKETS);
  const arrived = (await received(net)) - before;
  let last = idle;
  // Asks until pcap has all packets or receives no more.
  for (let earlier = -1; last.count < arrived && last.count !== earlier; ) {
    earlier = last.count;
    await pause(500);
    last = await askPcap(running);
  }
  await running.stop();
  return {
    microsecondsPerPacket: (last.cpuMicroseconds - idle.cpuMicroseconds) / (last.count - idle.count),
    missed: arrived - last.count,
    packetsPerSecond,
  };
}

async function askPcap(running: Running): Promise<{ count: number; cpuMicroseconds: number }> {
  const said = running.output.length;
  process.kill(running.pid, 'SIGUSR2');
  return until(
    'an answer of pcap',
    () => {
      const fresh = running.output.slice(said);
      return fresh.endsWith('\n') ? JSON.parse(fresh.trim().split('\n').at(-1) ?? '') : undefined;
    },
    60_000,
  );
}

/** Returns the kernel's count of packets that arrived at the interface (sysfs, `statistics/rx_packets`). */
async function received(net: Namespace): Promise<number> {
  return Number(await net.exec(['cat', '/sys/class/net/eth0/statistics/rx_packets']));
}

function report({ ring, pcap, stopped }: Record<'ring' | 'pcap' | 'stopped', readonly Run[]>): Report {
  const unit = 'us of processor a packet';
  const samples = (runs: readonly Run[], of: keyof Run) => runs.map((run) => run[of]);
  const reference: Figure = { name: 'pcap, decoder', unit, samples: samples(pcap, 'microsecondsPerPacket') };
  const none = { of: 'p99', as: 'value', atMost: 0 } as const;
  return {
    figures: [
      reference,
      {
        name: 'ring, classes',
        unit,
        samples: samples(ring, 'microsecondsPerPacket'),
        to: reference,
        targets: [{ of: 'median', as: 'ratio', atMost: 0.2 }],
      },
      { name: 'ring, flood', unit: 'packets not counted', samples: samples(ring, 'missed'), targets: [none] },
      {
        name: `ring, stopped ${STOPPED_MS} ms`,
        unit: 'packets not counted',
        samples: samples(stopped, 'missed'),
        targets: [none],
      },
      { name: 'pcap, flood', unit: 'packets not counted', samples: samples(pcap, 'missed') },
      { name: 'flood at the ring', unit: 'packets a second', samples: samples(ring, 'packetsPerSecond') },
    ],
  };
}
