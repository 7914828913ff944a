import { createServer, type Socket } from 'node:net';

/** A hostile server in front of a real one. */
export interface Peer {
  /** Connects `client`, which came before the turn, to the real server; `turn` misbehaves in that session. */
  pass(client: Socket): { readonly real: Socket; readonly turn: () => void };
  /** Treats a client that came after the turn. */
  turned(client: Socket): void;
}

/**
 * Listens on the unix socket `path`. Passes connections to the real server behind `peer` until the returned function is
 * called; from then on every connection gets the hostile behaviour.
 */
export async function serveTurncoat(path: string, peer: Peer): Promise<() => void> {
  const turns = new Map<Socket, () => void>();
  let isTurned = false;
  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    if (isTurned) return peer.turned(client);
    const { real, turn } = peer.pass(client);
    real.on('error', () => client.destroy());
    client.pipe(real);
    real.pipe(client);
    turns.set(client, () => {
      client.unpipe(real);
      real.unpipe(client);
      real.destroy();
      // Reads on, unless the behaviour is not to read.
      client.resume();
      turn();
    });
    client.on('close', () => {
      turns.delete(client);
      real.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return () => {
    isTurned = true;
    for (const turn of turns.values()) turn();
  };
}
