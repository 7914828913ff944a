import { readFileSync } from 'node:fs';
import { Classifier } from '../demux/classifier.js';
import type { GatewayState } from '../demux/state.js';
import { parseFrame } from '../native.js';
import { ProductError } from '../net/errors.js';
import { ipOfBytes } from '../net/ip.js';
import { formatOctets, macBytes } from '../net/mac.js';
import { loadPcap, type Pcap } from './capture_file.js';
import { CLASS_NUMBERS, type ClassName, classNameOf, readCounts } from './counts.js';
import { captureClosed, interfaceDown, noInterface, noPermission, notEthernet } from './errors.js';
import type { CaptureOptions, CaptureSnapshot, PacketCapture, SampleFrame } from './packet_capture.js';
import { Talkers } from './talkers.js';

/** The bytes that the capture holds of a frame: as many as the ring holds. */
const HELD_BYTES = 128;
const BUFFER_BYTES = 64 * 1024 * 1024;
/** How long libpcap collects packets before it delivers them, in milliseconds. */
const COLLECT_MS = 50;
/** IFF_UP of linux/if.h, in sysfs' `flags`. */
const IFF_UP = 0x1;

type Live = ReturnType<Pcap['createSession']>;

/**
 * Reads the frames of an interface with libpcap, one at a time, for a kernel that refuses the ring. libpcap does not
 * report the direction of an Ethernet frame, so a frame whose source is the bridge's MAC counts as sent by host or pods.
 */
export class PcapCapture implements PacketCapture {
  private readonly ours: Buffer;
  private classifier: Classifier;
  private readonly counts = new BigUint64Array(2 * CLASS_NUMBERS + 1);
  private readonly leaving = { packets: 0n, bytes: 0n };
  private readonly talkers = new Talkers();
  private samples = new Map<ClassName, SampleFrame>();
  private isClosed = false;

  private constructor(
    private readonly options: CaptureOptions,
    private readonly session: Live,
  ) {
    this.ours = Buffer.from(macBytes(options.state.mac));
    this.classifier = new Classifier(options.state);
    session.on('packet', ({ buf, header }) => {
      // struct pcap_pkthdr (pcap(3)): the bytes held at offset 8, the length on the wire at offset 12.
      const held = Math.min(header.readUInt32LE(8), buf.length);
      this.onFrame(buf.subarray(0, held), header.readUInt32LE(12));
    });
  }

  /** @throws ProductError `ERR_NO_INTERFACE`, `ERR_NO_PERMISSION`, `ERR_NOT_ETHERNET`, `ERR_NO_PCAP`, `ERR_CAPTURE` */
  static async open(options: CaptureOptions): Promise<PcapCapture> {
    const { device } = options;
    if (!isUp(device)) throw noInterface(device);
    const pcap = await loadPcap();
    // The package warns on the console about an interface without an IPv4 address; the NIC of a bridge never has one.
    pcap.warningHandler = () => undefined;
    let session: Live;
    try {
      session = pcap.createSession(device, {
        buffer_size: BUFFER_BYTES,
        snap_length: HELD_BYTES,
        buffer_timeout: COLLECT_MS,
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

  setState(state: GatewayState): void {
    this.classifier = new Classifier(state);
  }

  snapshot(talkers = 0): CaptureSnapshot {
    const { device } = this.options;
    if (this.isClosed) throw captureClosed(device);
    if (!isUp(device)) throw interfaceDown(device);
    const { samples } = this;
    this.samples = new Map();
    return {
      classes: readCounts(this.counts.slice()),
      malformed: this.counts.at(-1) ?? 0n,
      leaving: { ...this.leaving },
      dropped: BigInt(this.session.stats().ps_drop),
      talkers: this.talkers.heaviest(talkers),
      samples,
    };
  }

  close(): void {
    if (!this.isClosed) this.session.close();
    this.isClosed = true;
  }

  private onFrame(frame: Buffer, wireLength: number): void {
    const { role, direction } = this.options;
    const isOurs = frame.subarray(6, 12).equals(this.ours);
    if (direction === (isOurs ? 'incoming' : 'outgoing')) return;
    if (isOurs !== (role === 'local')) {
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
    this.classifier.classify(batch, role, classes);
    const [id = 0] = classes;
    const { malformed, fields } = parseFrame(frame, wireLength);
    this.add(id, 1n);
    this.add(CLASS_NUMBERS + id, BigInt(wireLength));
    if (malformed) this.add(2 * CLASS_NUMBERS, 1n);
    const name = classNameOf(id);
    this.talkers.add(senderOf(fields, frame), name, BigInt(wireLength));
    if (!this.samples.has(name)) this.samples.set(name, { frame: Buffer.from(frame), wireLength });
  }

  private add(at: number, amount: bigint): void {
    this.counts[at] = (this.counts[at] ?? 0n) + amount;
  }
}

function isUp(device: string): boolean {
  try {
    return (Number(readFileSync(`/sys/class/net/${device}/flags`, 'utf8')) & IFF_UP) !== 0;
  } catch {
    return false;
  }
}

/** Returns the source IP address of a frame, or its source MAC if it has none. */
function senderOf(fields: Readonly<Record<string, bigint>>, frame: Buffer): string {
  const v4 = fields.nw_src ?? fields.arp_spa;
  if (v4 !== undefined) return ipOfBytes(octets(v4, 4));
  if (fields.ipv6_src !== undefined) return ipOfBytes(octets(fields.ipv6_src, 16));
  return formatOctets(frame.subarray(6, 12));
}

function octets(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn));
}
