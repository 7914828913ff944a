import { readFileSync } from 'node:fs';
import { Classifier } from '../demux/classifier.js';
import type { GatewayState } from '../demux/state.js';
import { parseFrame } from '../native.js';
import { ProductError } from '../net/errors.js';
import { ipOfBytes } from '../net/ip.js';
import { formatOctets, macBytes } from '../net/mac.js';
import { loadPcap, type Pcap } from './capture_file.js';
import { CLASS_NUMBERS, nameOf, readCounts } from './counts.js';
import type { CaptureOptions, PacketCapture, Sample, Seen, Talker } from './packet_capture.js';
import { interfaceDown, noInterface, noPermission, notEthernet } from './trouble.js';

/** As much of a frame is kept as the ring keeps. */
const HELD = 128;
const BUFFER_BYTES = 64 * 1024 * 1024;
/** How long libpcap gathers packets before it hands them over, in milliseconds. */
const GATHER_MS = 50;
/** Who comes when there are as many is not told of. */
const MOST_TALKERS = 4_096;
/** IFF_UP of linux/if.h, in sysfs' `flags`. */
const IFF_UP = 0x1;

type Live = ReturnType<Pcap['createSession']>;

/**
 * Frames of an interface by way of libpcap, one at a time: for a kernel that gives no ring. libpcap does not say which
 * way a frame of Ethernet went, so those with the bridge's own source address are taken for the host's and the pods'.
 */
export class PcapCapture implements PacketCapture {
  private readonly ours: Buffer;
  private classifier: Classifier;
  private readonly counts = new BigUint64Array(2 * CLASS_NUMBERS + 1);
  private readonly leaving = { packets: 0n, bytes: 0n };
  private readonly talkers = new Map<string, Talker>();
  private samples = new Map<ReturnType<typeof nameOf>, Sample>();
  private isClosed = false;

  private constructor(
    private readonly options: CaptureOptions,
    private readonly session: Live,
  ) {
    this.ours = Buffer.from(macBytes(options.state.mac));
    this.classifier = new Classifier(options.state);
    session.on('packet', ({ buf, header }) => {
      // struct pcap_pkthdr: how much is held, and how long it was (pcap(3)).
      const held = Math.min(header.readUInt32LE(8), buf.length);
      this.take(buf.subarray(0, held), header.readUInt32LE(12));
    });
  }

  /** @throws ProductError as {@link RingCapture.open}, and `ERR_NO_PCAP` */
  static async open(options: CaptureOptions): Promise<PcapCapture> {
    const { device } = options;
    if (!isUp(device)) throw noInterface(device);
    const pcap = await loadPcap();
    // It would say on the console that an interface has no IPv4 address, which the NIC of a bridge never has.
    pcap.warningHandler = () => undefined;
    let session: Live;
    try {
      session = pcap.createSession(device, {
        buffer_size: BUFFER_BYTES,
        snap_length: HELD,
        buffer_timeout: GATHER_MS,
      });
    } catch (error) {
      if (error instanceof Error && /permission|permitted/i.test(error.message))
        throw noPermission(device, error);
      throw new ProductError('ERR_CAPTURE', `${device}: libpcap cannot read it`, { cause: error });
    }
    if (session.link_type !== 'LINKTYPE_ETHERNET') {
      session.close();
      throw notEthernet(device);
    }
    return new PcapCapture(options, session);
  }

  follow(state: GatewayState): void {
    this.classifier = new Classifier(state);
  }

  look(talkers = 0): Seen {
    const { device } = this.options;
    if (this.isClosed) throw new ProductError('ERR_CAPTURE', `${device}: the capture is closed`);
    if (!isUp(device)) throw interfaceDown(device);
    const heaviest = [...this.talkers.values()].sort((a, b) => Number(b.packets - a.packets));
    const { samples } = this;
    this.samples = new Map();
    return {
      classes: readCounts(this.counts.slice()),
      malformed: this.counts.at(-1) ?? 0n,
      leaving: { ...this.leaving },
      dropped: BigInt(this.session.stats().ps_drop),
      talkers: heaviest.slice(0, talkers),
      samples,
    };
  }

  close(): void {
    if (!this.isClosed) this.session.close();
    this.isClosed = true;
  }

  private take(frame: Buffer, wireLength: number): void {
    const { side, direction } = this.options;
    const isOurs = frame.subarray(6, 12).equals(this.ours);
    if (direction === (isOurs ? 'incoming' : 'outgoing')) return;
    if (isOurs !== (side === 'local')) {
      this.leaving.packets += 1n;
      this.leaving.bytes += BigInt(wireLength);
      return;
    }
    const classes = new Uint8Array(1);
    const wireLengths = Uint32Array.of(wireLength);
    const batch = {
      frames: frame,
      offsets: Uint32Array.of(0),
      lengths: Uint32Array.of(frame.length),
      wireLengths,
    };
    this.classifier.classify(batch, side, classes);
    const [id = 0] = classes;
    const { malformed, fields } = parseFrame(frame, wireLength);
    this.add(id, 1n);
    this.add(CLASS_NUMBERS + id, BigInt(wireLength));
    if (malformed) this.add(2 * CLASS_NUMBERS, 1n);
    this.talk(senderOf(fields, frame), nameOf(id), BigInt(wireLength));
    if (!this.samples.has(nameOf(id)))
      this.samples.set(nameOf(id), { frame: Buffer.from(frame), wireLength });
  }

  private add(at: number, amount: bigint): void {
    this.counts[at] = (this.counts[at] ?? 0n) + amount;
  }

  private talk(address: string, name: Talker['class'], bytes: bigint): void {
    const key = `${name} ${address}`;
    const known = this.talkers.get(key);
    if (known === undefined && this.talkers.size >= MOST_TALKERS) return;
    this.talkers.set(key, {
      address,
      class: name,
      packets: (known?.packets ?? 0n) + 1n,
      bytes: (known?.bytes ?? 0n) + bytes,
    });
  }
}

function isUp(device: string): boolean {
  try {
    return (Number(readFileSync(`/sys/class/net/${device}/flags`, 'utf8')) & IFF_UP) !== 0;
  } catch {
    return false;
  }
}

/** The address that a frame says it comes from; its MAC, where it has no other. */
function senderOf(fields: Readonly<Record<string, bigint>>, frame: Buffer): string {
  const v4 = fields.nw_src ?? fields.arp_spa;
  if (v4 !== undefined) return ipOfBytes(octets(v4, 4));
  if (fields.ipv6_src !== undefined) return ipOfBytes(octets(fields.ipv6_src, 16));
  return formatOctets(frame.subarray(6, 12));
}

function octets(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn));
}
