import { ProductError } from '../net/errors.js';

/** A packet of a capture. Its bytes are good until the next one is read. */
export interface CapturedPacket {
  /** From 1. */
  readonly number: number;
  readonly frame: Uint8Array;
  /** How long it was on the wire, in bytes: the capture may hold less. */
  readonly wireLength: number;
}

/** Says that no more packets are wanted. */
export const ENOUGH = Symbol('enough');

export type Pcap = typeof import('pcap');

/**
 * Reads the capture file at `path` with libpcap, packet by packet and never more than one of them in memory: all forms
 * that libpcap reads, of either byte order, with microseconds or nanoseconds.
 *
 * @returns how many packets there were, as far as it was read
 * @throws ProductError `ERR_NO_PCAP`, `ERR_CAPTURE` for what is no capture, of another link than Ethernet, or cut off;
 *   and whatever `take` throws
 */
export async function readCapture(
  path: string,
  take: (packet: CapturedPacket) => typeof ENOUGH | undefined,
): Promise<number> {
  const pcap = await loadPcap();
  const session = open(pcap, path);
  if (session.link_type !== 'LINKTYPE_ETHERNET') {
    session.close();
    const kind = session.link_type.replace('LINKTYPE_', '');
    throw new ProductError(
      'ERR_CAPTURE',
      `${path} is a capture of another link than Ethernet (${kind}); capture on the NIC itself, not on "any"`,
    );
  }
  const lastDispatch = watchDispatch(session);
  let number = 0;
  let failure: { readonly error: unknown } | undefined;
  let isClosed = false;
  session.on('packet', ({ buf, header }: import('pcap').PacketWithHeader) => {
    if (isClosed) return;
    number++;
    const held = Math.min(header.readUInt32LE(8), buf.length);
    try {
      // An exception thrown through libpcap's callback would end the process.
      if (take({ number, frame: buf.subarray(0, held), wireLength: header.readUInt32LE(12) }) !== ENOUGH)
        return;
    } catch (error) {
      failure = { error };
    }
    isClosed = true;
    session.session.close();
  });
  await new Promise<void>((resolve) => session.once('complete', resolve));
  if (failure !== undefined) throw failure.error;
  if (!isClosed && lastDispatch() < 0) {
    const message = `${path} is cut off, or damaged, after packet ${number}`;
    throw new ProductError('ERR_CAPTURE', message);
  }
  return number;
}

/** The npm package, which is optional. @throws ProductError `ERR_NO_PCAP` */
export async function loadPcap(): Promise<Pcap> {
  try {
    const { default: pcap }: { default: Pcap } = await import('pcap');
    return pcap;
  } catch (error) {
    throw new ProductError(
      'ERR_NO_PCAP',
      'packets of a file, and of a kernel without rings, are read with the npm package pcap, which is not here: install libpcap-dev, then run npm install',
      { cause: error },
    );
  }
}

/** The object of pcap's addon within a session, as far as it is used here. */
interface Binding {
  dispatch(buffer: Buffer, header: Buffer): number;
  close(): void;
}

type Session = ReturnType<Pcap['createOfflineSession']> & { readonly session: Binding };

function open(pcap: Pcap, path: string): Session {
  try {
    const session = pcap.createOfflineSession(path);
    if (hasBinding(session)) return session;
  } catch (error) {
    throw new ProductError('ERR_CAPTURE', `${path} is no capture that can be read`, { cause: error });
  }
  throw new ProductError('ERR_NO_PCAP', 'this version of the npm package pcap is not known; 3.1.0 is');
}

function hasBinding(session: object): session is Session {
  return 'session' in session && typeof session.session === 'object';
}

/** The package tells the end of a file and an error in it by one event; what libpcap returned tells them apart. */
function watchDispatch({ session }: Session): () => number {
  const dispatch = session.dispatch.bind(session);
  let last = 0;
  session.dispatch = (buffer, header) => {
    last = dispatch(buffer, header);
    return last;
  };
  return () => last;
}
