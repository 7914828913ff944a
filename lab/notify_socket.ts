import { execa } from 'execa';
import { Running } from './running.js';

/** Prints each datagram of a unix socket as a line. Node.js has no such sockets. */
const RECEIVER = `
import socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + name[1:] if name.startswith('@') else name)
print('listening', flush=True)
while True:
    print(receiver.recv(4096).decode(), flush=True)
`;

/**
 * Receives at `path` what daemons tell their service manager (sd_notify(3), NOTIFY_SOCKET). A path that begins with `@`
 * is in the abstract namespace.
 */
export async function startNotifySocket(path: string): Promise<Running> {
  const receiver = execa('python3', ['-c', RECEIVER, path], { all: true, reject: false, buffer: false });
  const running = new Running('notify socket', receiver);
  await running.says(/^listening$/m);
  return running;
}
