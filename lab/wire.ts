import { randomBytes } from 'node:crypto';
import { type IpAddress, parseIp } from '../src/net/ip.js';
import { parseMac } from '../src/net/mac.js';
import { arp, ethernet, transport } from './frames.js';
import { type Host, startHost } from './host.js';
import { Lab } from './lab.js';
import { cable } from './link.js';
import { Taps } from './taps.js';

/** The places where a frame can enter or leave the gateway's bridge in this lab. `side` is an optional further port. */
export type Place = 'phys' | 'local' | 'patch' | 'side';
export const PLACES: readonly Place[] = ['phys', 'local', 'patch'];

/** The device behind each port of the bridge: the far end of a cable, or the host's own interface. */
const DEVICE: Readonly<Record<Place, string>> = {
  phys: 'wire',
  local: 'breth0',
  patch: 'ovn',
  side: 'side',
};

export const MAC = parseMac('0a:58:cb:00:71:0a');
export const ROUTER_MAC = parseMac('02:00:00:00:00:01');
export const OTHER_MAC = parseMac('02:00:00:00:00:77');
export const SIDE_MAC = parseMac('02:00:00:00:00:99');
export const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');
export const IP: Readonly<Record<4 | 6, IpAddress>> = {
  4: parseIp('203.0.113.10'),
  6: parseIp('2001:db8::10'),
};
export const OUTSIDE: Readonly<Record<4 | 6, IpAddress>> = {
  4: parseIp('203.0.113.1'),
  6: parseIp('2001:db8::1'),
};

/** A gateway's bridge with a tap on each port. In place of OVN, a tap is at the far end of the patch. */
export class Wire {
  private constructor(
    readonly lab: Lab,
    readonly host: Host,
    readonly taps: Taps,
    private readonly hasSide: boolean,
  ) {}

  /**
   * Starts the bridge and its taps, without the helper.
   * @param snatRange the port range as `gateway-init` writes it, or `none`
   * @param hasSide whether the bridge has a further port, as for a virtual machine
   */
  static async start({ snatRange = '61000-65535', hasSide = false } = {}): Promise<Wire> {
    const lab = Lab.open();
    const host = await startHost(lab, 'gw');
    const { net } = host;
    await cable({ in: net, name: 'eth0', mac: MAC }, { in: net, name: 'wire' });
    await cable({ in: net, name: 'ovnp' }, { in: net, name: 'ovn' });
    await host.vsctl(...bridges(snatRange).trim().split(/\s+/));
    if (hasSide) {
      await cable({ in: net, name: 'sidep' }, { in: net, name: 'side' });
      await host.vsctl('add-port', 'breth0', 'sidep');
    }
    const sides = hasSide ? ['sidep', 'side'] : [];
    await host.ofctl('add-flow', 'br-int', 'priority=1,in_port=1,actions=output:2');
    await host.ofctl('add-flow', 'br-int', 'priority=1,in_port=2,actions=output:1');
    // The kernel must not answer on the taps' devices; only breth0 belongs to the host.
    await net.exec(['nft', '-f', '-'], { input: muted(['eth0', 'wire', 'ovn', 'ovnp', 'breth0', ...sides]) });
    await net.ip(
      `addr add ${IP[4]}/24 dev breth0`,
      `addr add ${IP[6]}/64 dev breth0 nodad`,
      'link set breth0 up',
    );
    const places: readonly Place[] = hasSide ? [...PLACES, 'side'] : PLACES;
    const taps = await Taps.open(
      net,
      places.map((place) => DEVICE[place]),
    );
    return new Wire(lab, host, taps, hasSide);
  }

  /** Starts the helper in the background; resolves when its flows are in place. */
  async startHelper(...args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.host.run('ovn-k8s-gateway-helper', [
      ...[
        '--physical-bridge=breth0',
        '--physical-interface=eth0',
        '--detach',
        '--pidfile',
        '--log-file',
        ...args,
      ],
    ]);
    if (exitCode !== 0) throw new Error(`the helper exited with ${exitCode}: ${stderr}`);
  }

  /** Sends a command to the running helper and returns its answer. */
  async helper(...command: readonly string[]): Promise<string> {
    return this.host.appctl('-t', 'ovn-k8s-gateway-helper', ...command);
  }

  /**
   * Sends a frame in at `from` and returns how often it came out at each other place.
   *
   * Two kinds of frames are sent behind it. The first takes the same way and shows that the switch has processed the
   * frame. The second goes to each tap and shows that the tap has captured everything before it.
   */
  async send(
    from: Place,
    frame: (marker: Buffer) => Buffer,
  ): Promise<Readonly<Partial<Record<Place, number>>>> {
    const marker = randomBytes(8);
    this.taps.inject(DEVICE[from], frame(marker));
    await this.flush(from);
    await this.flush('phys');
    await this.flush('local');
    const count = (place: Place) => (from === place ? 0 : this.taps.count(DEVICE[place], marker));
    const counts = { phys: count('phys'), local: count('local'), patch: count('patch') };
    return this.hasSide ? { ...counts, side: count('side') } : counts;
  }

  /** Sends a frame and waits until it comes out: at LOCAL and PATCH if it enters at the NIC, else at the NIC. */
  private async flush(from: Place): Promise<void> {
    const marker = randomBytes(8);
    if (from === 'phys') {
      this.taps.inject(
        DEVICE.phys,
        arp({ dst: MAC, src: ROUTER_MAC }, 2, ROUTER_MAC, OUTSIDE[4], IP[4], marker),
      );
      await Promise.all([this.taps.arrived(DEVICE.local, marker), this.taps.arrived(DEVICE.patch, marker)]);
      if (this.hasSide) {
        this.taps.inject(DEVICE.phys, ethernet({ dst: BROADCAST, src: ROUTER_MAC }, 0x88b5, marker));
        await this.taps.arrived(DEVICE.side, marker);
      }
      return;
    }
    const ip = { src: IP[4], dst: OUTSIDE[4] };
    this.taps.inject(
      DEVICE[from],
      transport(
        { dst: ROUTER_MAC, src: from === 'side' ? SIDE_MAC : MAC },
        ip,
        'udp',
        { src: 9, dst: 9 },
        marker,
      ),
    );
    await this.taps.arrived(DEVICE.phys, marker);
  }

  dispose(): void {
    this.lab.dispose();
  }
}

/** Returns commands that make breth0 as the product does, and a br-int that sends everything to the tap. */
function bridges(snatRange: string): string {
  return `
    add-br breth0 -- set Bridge breth0 datapath_type=netdev fail-mode=standalone other-config:hwaddr="${MAC}"
      external-ids:k8s-physical-ip="${IP[4]},${IP[6]}" external-ids:k8s-snat-port-range=${snatRange}
      external-ids:k8s-node-name=gw
    -- add-port breth0 eth0
    -- add-br br-int -- set Bridge br-int datapath_type=netdev fail-mode=secure
    -- add-port br-int ovnp -- set Interface ovnp ofport_request=1
    -- add-port breth0 k8s-patch-breth0-br-int
    -- set Interface k8s-patch-breth0-br-int type=patch options:peer=k8s-patch-br-int-breth0
    -- add-port br-int k8s-patch-br-int-breth0
    -- set Interface k8s-patch-br-int-breth0 type=patch options:peer=k8s-patch-breth0-br-int ofport_request=2`;
}

/** Returns an nftables script that drops all frames that the kernel would receive from these devices. */
function muted(devices: readonly string[]): string {
  const chains = devices.map(
    (device) => `chain ${device} { type filter hook ingress device ${device} priority 0; policy drop; }`,
  );
  return `table netdev muted {\n${chains.join('\n')}\n}\n`;
}
