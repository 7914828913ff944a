import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Ipv6Address } from '../net/ip.js';

/** Memberships of IPv6 groups on one interface. They end when it is closed, also by the end of the process. */
export interface GroupSocket {
  /** @throws Error of the kernel, such as `ENOMEM` for too many groups of one socket */
  join(group: Ipv6Address): void;
  leave(group: Ipv6Address): void;
  close(): void;
}

/** Opens a socket that can join groups on `device`. */
export type OpenGroups = (device: string) => Promise<GroupSocket>;

/**
 * Opens a socket whose memberships make the kernel send MLD reports (RFC 3810) on `device`, so that switches that snoop
 * MLD bring the groups' packets. It is bound to loopback: nobody outside can send to it.
 */
export const openGroupSocket = async (device: string, loopback = '::1'): Promise<GroupSocket> => {
  const socket = createSocket('udp6');
  // Nothing is read from it, so an error of reading has no effect.
  socket.on('error', () => undefined);
  try {
    socket.bind({ address: loopback, port: 0, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.unref();
  const on = `::%${device}`;
  return {
    join: (group) => socket.addMembership(group, on),
    leave: (group) => socket.dropMembership(group, on),
    close: () => socket.close(),
  };
};
