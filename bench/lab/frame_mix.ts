import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { IP4, IP6, MAC } from '../../test/demux/sample.js';
import { arp, icmp, transport } from '../../test/lab/frames.js';

const OUTSIDE_MAC = parseMac('02:00:00:00:00:01');
const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');
const link = { dst: MAC, src: OUTSIDE_MAC };
const [FAR4, FAR6] = [parseIp('198.51.100.7'), parseIp('2001:db8:ffff::7')];

/** Frames as they arrive at the gateway of the tests: of its classes, of 60 to 1514 bytes (64 to 1518 with the FCS). */
export function frameMix(): Buffer[] {
  const sizes = [60, 128, 256, 512, 1024, 1514];
  return sizes.flatMap((size, i) => {
    const ip = i % 2 === 0 ? { src: FAR4, dst: IP4 } : { src: FAR6, dst: IP6 };
    const room = (headers: number) =>
      Buffer.alloc(Math.max(0, size - 14 - (i % 2 === 0 ? 20 : 40) - headers));
    return [
      transport(link, ip, 'tcp', { src: 443, dst: 61_000 + i }, room(20)),
      transport(link, ip, 'udp', { src: 53, dst: 62_000 + i }, room(8)),
      transport(link, ip, 'tcp', { src: 40_000 + i, dst: 22 }, room(20)),
      transport(link, ip, 'udp', { src: 9, dst: 6081 }, room(8)),
      icmp(link, ip, i % 2 === 0 ? 8 : 128, room(4)),
      arp({ dst: BROADCAST, src: OUTSIDE_MAC }, 1, OUTSIDE_MAC, FAR4, IP4, Buffer.alloc(18)),
    ];
  });
}
