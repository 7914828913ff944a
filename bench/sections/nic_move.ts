import { ingressGuard } from '../../lab/bridged_nic.js';
import type { Host } from '../../lab/host.js';
import { Session } from '../../lab/session.js';
import type { Figure, Report, Section } from '../figure.js';
import { Stream } from '../lab/datagrams.js';
import { HOST, MAC, OUTSIDE, type PlainHost, startPlainHost } from '../lab/gateway.js';

const ROUNDS = 10;
const INTERVAL_MS = 5;
/** The target for the longest time without an answer, in milliseconds. */
const MOST_MS = 15;
const PORTS = { tcp: 22, udp: 5003, udp6: 5004 };
const KINDS = ['TCP', 'UDP', 'UDP over IPv6'] as const;
type Kind = (typeof KINDS)[number];

/** A procedure that moves a host's NIC to a bridge and back. */
interface Way {
  readonly name: string;
  there(host: Host): Promise<void>;
  back(host: Host): Promise<void>;
}

const PRODUCT: Way = {
  name: 'ovn-k8s-util',
  there: (host) => util(host, 'nics-to-bridge', '--datapath-type=netdev', 'eth0'),
  back: (host) => util(host, 'bridge-to-nics', 'breth0'),
};

/** The commands of the original's how-to, run without the pauses of a human operator. */
const BY_HAND: Way = {
  name: 'three commands',
  async there(host) {
    await host.vsctl(
      ...['add-br', 'breth0', '--', 'set', 'Bridge', 'breth0', 'datapath_type=netdev'],
      ...[`other-config:hwaddr="${MAC}"`, '--', 'add-port', 'breth0', 'eth0'],
    );
    await host.exec(['ip', 'addr', 'flush', 'dev', 'eth0']);
    await host.net.ip('link set breth0 up', ...configured('breth0'));
    // Not one of the three commands. The lab needs it: else the kernel answers too, beside the userspace datapath.
    await host.exec(['nft', '-f', '-'], { input: ingressGuard('eth0') });
  },
  async back(host) {
    await host.exec(['nft', 'delete', 'table', 'netdev', 'lab_guard']);
    await host.exec(['ip', 'addr', 'flush', 'dev', 'breth0']);
    await host.net.ip(...configured('eth0'));
    await host.vsctl('del-br', 'breth0');
  },
};

export const nicMove: Section = {
  name: 'nic-move',
  about: [
    `A TCP session from outside sends a byte every ${INTERVAL_MS} ms, as do streams of datagrams in both families. The host answers`,
    'all of them while its NIC moves to a bridge and back. The longest time between two answers, with ovn-k8s-util and with',
    'three commands one right after the other: ovs-vsctl add-br and add-port, ip addr flush, ip addr and route add.',
  ],

  async measure(): Promise<Report> {
    const place = await startPlainHost();
    const gaps = new Map<string, number[]>();
    let broken = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const way of [BY_HAND, PRODUCT]) {
        for (const direction of ['there', 'back'] as const) {
          const found = await gapsDuring(place, () => way[direction](place.host));
          for (const kind of KINDS) push(gaps, `${direction} by ${way.name}, ${kind}`, found.gaps[kind]);
          if (!found.alive) broken += 1;
        }
      }
    }
    place.lab.dispose();
    return { figures: figuresOf(gaps), notes: [`${broken} TCP sessions broke.`] };
  },
};

async function gapsDuring(
  { host, outside }: PlainHost,
  move: () => Promise<void>,
): Promise<{ gaps: Readonly<Record<Kind, number>>; alive: boolean }> {
  const to = { in: host.net, address: HOST.v4 };
  const session = await Session.open(outside, { ...to, port: PORTS.tcp });
  const stream = await Stream.open(outside, { ...to, port: PORTS.udp }, INTERVAL_MS);
  const stream6 = await Stream.open(outside, { ...to, address: HOST.v6, port: PORTS.udp6 }, INTERVAL_MS);
  await move();
  const [udp, udp6] = await Promise.all([stream.close(), stream6.close()]);
  const tcp = await session.close();
  return {
    gaps: { TCP: tcp.longestGapMs, UDP: udp.longestGapMs, 'UDP over IPv6': udp6.longestGapMs },
    alive: tcp.alive,
  };
}

function figuresOf(gaps: ReadonlyMap<string, readonly number[]>): Figure[] {
  return (['there', 'back'] as const).flatMap((direction) =>
    KINDS.flatMap((kind) => {
      const figure = (way: Way): Figure => {
        const name = `${direction} by ${way.name}, ${kind}`;
        return { name, unit: 'ms', samples: gaps.get(name) ?? [] };
      };
      const byHand = figure(BY_HAND);
      return [
        byHand,
        { ...figure(PRODUCT), to: byHand, targets: [{ of: 'p99', as: 'value', atMost: MOST_MS }] },
      ];
    }),
  );
}

function push(gaps: Map<string, number[]>, name: string, gap: number): void {
  gaps.set(name, [...(gaps.get(name) ?? []), gap]);
}

function configured(device: string): string[] {
  return [
    `addr add ${HOST.v4}/24 dev ${device}`,
    `addr add ${HOST.v6}/64 dev ${device} nodad`,
    `route add default via ${OUTSIDE.v4} dev ${device}`,
  ];
}

async function util(host: Host, ...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run('ovn-k8s-util', args);
  if (exitCode !== 0) throw new Error(`ovn-k8s-util ${args.join(' ')} exited with ${exitCode}: ${stderr}`);
}
