import { parseIp } from '../src/net/ip.js';
import { macBytes, parseMac } from '../src/net/mac.js';
import { type Advertisement, routerAdvertisement } from './frames.js';
import type { Namespace } from './namespace.js';
import { Taps } from './taps.js';
import { until } from './until.js';

const ALL_NODES = { ip: parseIp('ff02::1'), mac: parseMac('33:33:00:00:00:01') };
/** The end of a router solicitation's IPv6 header, ff02::2, and its type and code (RFC 4861 section 4.1). */
const SOLICITATION = Buffer.from('ff0200000000000000000000000000028500', 'hex');

/** A router that advertises what a test tells it, on one device. */
export class AdvertisingRouter {
  private constructor(
    private readonly taps: Taps,
    private readonly device: string,
    private readonly address: { readonly ip: string; readonly mac: string },
  ) {}

  static async start(net: Namespace, device: string): Promise<AdvertisingRouter> {
    // Hosts drop their route to a neighbour that says it is no router (RFC 4861 section 7.3.3).
    await net.sysctl({ 'net.ipv6.conf.all.forwarding': 1 });
    const ip = await until('a link-local address', async () => {
      const links: { addr_info?: { local?: string; tentative?: boolean }[] }[] = JSON.parse(
        await net.exec(['ip', '-json', '-6', 'address', 'show', 'dev', device, 'scope', 'link']),
      );
      const addresses = links.flatMap(({ addr_info }) => addr_info ?? []);
      return addresses.find(({ local, tentative }) => local !== undefined && tentative !== true)?.local;
    });
    const [{ address: mac }] = JSON.parse(await net.exec(['ip', '-json', 'link', 'show', 'dev', device]));
    return new AdvertisingRouter(await Taps.open(net, [device]), device, { ip, mac });
  }

  /** The router's link-local address. */
  get ip(): string {
    return this.address.ip;
  }

  /** Sends one advertisement to all nodes. */
  advertise(advertisement: Advertisement): void {
    const src = parseMac(this.address.mac);
    const frame = routerAdvertisement(
      { src, dst: ALL_NODES.mac },
      { src: parseIp(this.address.ip), dst: ALL_NODES.ip },
      advertisement,
    );
    this.taps.inject(this.device, frame);
  }

  /** Sends an advertisement each few milliseconds; returns the function that ends it. */
  advertiseEach(ms: number, advertisement: Advertisement): () => void {
    const timer = setInterval(() => this.advertise(advertisement), ms);
    return () => clearInterval(timer);
  }

  /** Returns how often a host with this MAC has asked for an advertisement. */
  solicitations(mac: string): number {
    const source = Buffer.from([0x33, 0x33, 0, 0, 0, 2, ...macBytes(parseMac(mac))]);
    return this.taps.framesWith(this.device, source, SOLICITATION);
  }
}
