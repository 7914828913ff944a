import { connect, type Socket } from 'node:net';
import { GARBAGE, pour, pourLetters, trickle } from './pour.js';
import type { Peer } from './turncoat.js';

const MIB = 1024 * 1024;
const ROW = 'c0ffee00-0000-4000-8000-000000000001';

/** What a hostile database does in a session with a client that has its first copy of the tables. */
const IN_SESSION: Readonly<Record<string, (client: Socket) => void>> = {
  huge: (client) => {
    client.write('{"id":null,"method":"update3","params":["tables","');
    pourLetters(client, 600 * MIB);
  },
  values: (client) => {
    client.write('{"id":null,"method":"update3","params":["tables","txn",[');
    pour(client, Buffer.from('{"a":0},[],'.repeat(10_000)), 600 * MIB);
  },
  deep: (client) => pour(client, Buffer.from('['.repeat(MIB)), 16 * MIB),
  echoes: (client) => {
    client.pause();
    const params = JSON.stringify(['x'.repeat(10_000)]);
    pour(client, Buffer.from(`{"id":"e","method":"echo","params":${params}}`.repeat(100)));
  },
  trickle: (client) => trickle(client, Buffer.from('{"id":null,"method":"update3","params":[')),
  rows: (client) => {
    for (const table of ['Open_vSwitch', 'Bridge', 'Interface', 'Logical_Router', 'Load_Balancer']) {
      for (const row of [
        { external_ids: ['map', [5]] },
        { name: { toString: 1 } },
        { ports: ['set', 7] },
        5,
      ]) {
        for (const kind of ['initial', 'insert', 'modify']) {
          const params = ['tables', 'txn', { [table]: { [ROW]: { [kind]: row } } }];
          client.write(JSON.stringify({ id: null, method: 'update3', params }));
        }
      }
    }
  },
};

/** What it does as soon as a client connects. */
const AT_ONCE: Readonly<Record<string, (client: Socket) => void>> = {
  garbage: (client) => pour(client, GARBAGE, 64 * MIB),
  closes: (client) => client.destroy(),
  silence: (client) => client.resume(),
};

/** A database server that passes everything to the real one behind it, until it turns. */
export function ovsdbPeer(kind: string, real: string): Peer {
  const [inSession, atOnce] = [IN_SESSION[kind], AT_ONCE[kind]];
  const misbehave = inSession ?? atOnce;
  if (misbehave === undefined) throw new Error(`no such kind of database: ${kind}`);
  return {
    pass: (client) => ({ real: connect(real), turn: () => misbehave(client) }),
    turned: (client) => {
      if (atOnce !== undefined) atOnce(client);
      else afterFirstCopy(client, connect(real), () => misbehave(client));
    },
  };
}

/** Passes messages on until the client has the reply to its monitor request. */
function afterFirstCopy(client: Socket, real: Socket, then: () => void): void {
  let isAsked = false;
  const toReal = (chunk: Buffer) => {
    isAsked ||= chunk.includes('monitor_cond_since');
    real.write(chunk);
  };
  client.on('data', toReal);
  real.on('error', () => client.destroy());
  real.on('data', (chunk) => {
    client.write(chunk);
    if (!isAsked) return;
    real.destroy();
    client.off('data', toReal);
    then();
  });
  client.on('close', () => real.destroy());
}
