import { ProductError } from '../net/errors.js';

/** A packet of a capture. `frame` is valid until the next packet is read. */
export interface CapturedPacket {
  /** From 1. */
  readonly number: number;
  readonly frame: Uint8Array;
  /** The length on the wire in bytes; the capture may hold less. */
  readonly wireLength: number;
}

/** Ends the reading of a capture. */
export const ENOUGH = Symbol('enough');

export type Pcap = typeof import('pcap');

/**
 * Reads the capture file at `path` with libpcap and calls `onPacket` for each packet until it returns {@link ENOUGH}.
 * Memory holds one packet at a time. libpcap reads either byte order, and microseconds or nanoseconds.
 *
 * @returns the number of packets read
 * @throws ProductError `ERR_NO_PCAP`; `ERR_CAPTURE` if the file is not a capture, has another link type than Ethernet,
 *   or is cut off; and whatever `onPacket` throws
 */
export async function readCapture(
  path: string,
  onPacket: (packet: CapturedPacket) => typeof ENOUGH | undefined,
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
      const frame = buf.subarray(0, held);
      if (onPacket({ number, frame, wireLength: header.readUInt32LE(12) }) !== ENOUGH) return;
    } catch (error) {
      failure = { error };
    }
    isClosed = true;
    session.session.close();
  });
  await new Promise<void>((resolve) => session.once('complete', resolve));
  if (failure !== undefined) throw failure.error;
  if (!isClosed && lastDispatch() < 0) {
    throw new ProductError('ERR_CAPTURE', `${path} is cut off, or damaged, after packet ${number}`);
  }
  return number;
}

/** Loads the npm package `pcap`, an optional dependency. @throws ProductError `ERR_NO_PCAP` */
export async function loadPcap(): Promise<Pcap> {
  try {
    const { default: pcap }: { default: Pcap } = await import('pcap');
    return pcap;
  } catch (error) {
    throw new ProductError(
      'ERR_NO_PCAP',
      'capture files, and interfaces of a kernel without rings, are read with the npm package pcap, which is not installed: install libpcap-dev, then run npm install',
      { cause: error },
    );
  }
}

/** The part of the package's native session object that this file uses. */
interface Binding {
  dispatch(buffer: Buffer, header: Buffer): number;
  close(): void;
}

type OfflineSession = ReturnType<Pcap['createOfflineSession']> & { readonly session: Binding };

function open(pcap: Pcap, path: string): OfflineSession {
  try {
    const session = pcap.createOfflineSession(path);
    if (hasBinding(session)) return session;
  } catch (error) {
    throw new ProductError('ERR_CAPTURE', `${path} is not a capture that libpcap can read`, { cause: error });
  }
  throw new ProductError(
    'ERR_NO_PCAP',
    'this version of the npm package pcap is not supported; install 3.1.0',
  );
}

function hasBinding(session: object): session is OfflineSession {
  return 'session' in session && typeof session.session === 'object';
}

/**
 * Returns a function that reads the last result of `pcap_dispatch`. The package emits one event both at the end of a file
 * and at an error in it; only this result tells them apart.
 */
function watchDispatch({ session }: OfflineSession): () => number {
  const dispatch = session.dispatch.bind(session);
  let last = 0;
  session.dispatch = (buffer, header) => {
    last = dispatch(buffer, header);
    return last;
  };
  return () => last;
}
