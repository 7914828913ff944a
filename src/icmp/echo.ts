// ICMP and ICMPv6 echoes, for the commands that check whether a host answers.
// icmp_echo.ts builds and parses the packets; this file sends one and waits for its reply.
// Only commands use it: raw-socket is optional and bound to the process's first event loop, so no daemon loads it.
import { randomInt } from 'node:crypto';
import type { ErrorCode } from '../net/error_codes.js';
import { explainError, ProductError } from '../net/errors.js';
import { familyOf, type IpAddress } from '../net/ip.js';
import { echoRequest, readEchoReply } from './icmp_echo.js';

export interface EchoOptions {
  /** Send through this interface instead of the one that the routes choose. */
  readonly device?: string | undefined;
  readonly timeoutMs: number;
}

/**
 * Sends one echo request.
 * @returns milliseconds until its reply; `undefined` if none arrives in time
 * @throws ProductError `ERR_NO_RAW_SOCKET` if the package is not installed or this process may not open raw sockets;
 *   `ERR_ECHO` if the request cannot be sent
 */
export async function echo(
  address: IpAddress,
  { device, timeoutMs }: EchoOptions,
): Promise<number | undefined> {
  const family = familyOf(address);
  const raw = await loadRawSocket();
  const name = { id: randomInt(0x10000), sequence: 1 };
  const socket = attempt('ERR_NO_RAW_SOCKET', `no raw socket for an echo to ${address}`, () =>
    raw.createSocket(
      family === 4
        ? { protocol: raw.Protocol.ICMP, addressFamily: raw.AddressFamily.IPv4 }
        : { protocol: raw.Protocol.ICMPv6, addressFamily: raw.AddressFamily.IPv6 },
    ),
  );
  let timer: NodeJS.Timeout | undefined;
  try {
    if (device !== undefined) {
      const text = Buffer.from(`${device}\0`);
      attempt('ERR_ECHO', `cannot send an echo through ${device}`, () =>
        socket.setOption(raw.SocketLevel.SOL_SOCKET, raw.SocketOption.SO_BINDTODEVICE, text, text.length),
      );
    }
    return await new Promise<number | undefined>((fulfil, reject) => {
      const fail = (error: Error) =>
        reject(new ProductError('ERR_ECHO', `echo to ${address} failed`, { cause: error }));
      timer = setTimeout(() => fulfil(undefined), timeoutMs);
      const packet = echoRequest(family, name);
      const start = performance.now();
      socket.on('message', (received) => {
        const reply = readEchoReply(family, received);
        if (reply?.id !== name.id || reply.sequence !== name.sequence) return;
        fulfil(performance.now() - start);
      });
      socket.on('error', fail);
      socket.send(packet, 0, packet.length, address, (error) => {
        if (error !== null) fail(error);
      });
    });
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

/** Sends one echo request where a reply is only additional evidence: returns `undefined` on any failure. */
export function tryEcho(address: IpAddress, device: string): Promise<number | undefined> {
  return echo(address, { device, timeoutMs: 500 }).catch(() => undefined);
}

async function loadRawSocket() {
  try {
    return (await import('raw-socket')).default;
  } catch (error) {
    throw new ProductError(
      'ERR_NO_RAW_SOCKET',
      `the npm package raw-socket is not installed (${explainError(error).split('\n')[0]}); run npm install raw-socket`,
    );
  }
}

function attempt<T>(code: ErrorCode, what: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw new ProductError(code, what, { cause: error });
  }
}
