import { connect, type Socket } from 'node:net';
import { MessageSplitter, OFP10, Type, Type10 } from '../../src/openflow/wire/message.js';
import { Part } from '../../src/openflow/wire/multipart.js';
import { bytesOf } from '../openflow/man_in_the_middle.js';
import { GARBAGE, pour, trickle } from './pour.js';
import type { Peer } from './turncoat.js';

const MIB = 1024 * 1024;
const FULL = Buffer.alloc(60_000);

/** What a hostile switch does in a session of this version. */
const IN_SESSION: Readonly<Record<string, (client: Socket, version: number) => void>> = {
  echoes: (client, version) => {
    client.pause();
    pour(client, bytesOf({ version, type: Type.echoRequest, xid: 7, body: FULL }));
  },
  trickle: (client, version) =>
    trickle(client, bytesOf({ version, type: Type.echoRequest, xid: 7, body: FULL })),
  garbage: (client) => pour(client, GARBAGE, 64 * MIB),
  news: (client, version) =>
    pour(client, bytesOf({ version, type: Type.portStatus, xid: 0, body: Buffer.alloc(80) })),
};

/** What it does as soon as a client connects. */
const AT_ONCE: Readonly<Record<string, (client: Socket) => void>> = {
  closes: (client) => client.destroy(),
  silence: (client) => client.resume(),
};

/** A switch that passes everything to the real one behind it, until it turns. */
export function openflowPeer(kind: string, real: string): Peer {
  const atOnce = AT_ONCE[kind];
  const inSession = IN_SESSION[kind];
  if (kind !== 'endless' && atOnce === undefined && inSession === undefined)
    throw new Error(`no such kind of switch: ${kind}`);
  return {
    pass: (client) => {
      let version = 1;
      client.once('data', (chunk: Buffer) => {
        version = chunk[0] ?? version;
      });
      return {
        real: connect(real),
        turn: () => {
          // An answer that does not end needs a request: the next session brings it.
          if (inSession !== undefined) inSession(client, version);
          else if (atOnce !== undefined) atOnce(client);
          else client.destroy();
        },
      };
    },
    turned: (client) => {
      if (atOnce !== undefined) atOnce(client);
      else afterHello(client, connect(real), inSession);
    },
  };
}

/** Passes messages on. Misbehaves once both sides have said hello, or answers a request for flows without an end. */
function afterHello(
  client: Socket,
  real: Socket,
  misbehave: ((client: Socket, version: number) => void) | undefined,
): void {
  const splitter = new MessageSplitter();
  let version = OFP10;
  let isOver = false;
  real.on('error', () => client.destroy());
  real.on('data', (chunk) => {
    if (isOver) return;
    client.write(chunk);
    if (misbehave === undefined) return;
    isOver = true;
    misbehave(client, version);
  });
  client.on('close', () => real.destroy());
  client.on('data', (chunk: Buffer) => {
    splitter.push(chunk, (message) => {
      version = message.version;
      const isFlows =
        message.type === (version === OFP10 ? Type10.statsRequest : Type.multipartRequest) &&
        message.body.readUInt16BE(0) === Part.flow;
      if (isOver) return;
      if (misbehave !== undefined || !isFlows) {
        real.write(bytesOf(message));
        return;
      }
      isOver = true;
      pour(client, flowsOf(version, message.xid));
    });
  });
}

/** A part of an answer that says that more parts follow: 500 flows without a match. */
function flowsOf(version: number, xid: number): Buffer {
  const isOld = version === OFP10;
  const flow = Buffer.alloc(isOld ? 88 : 56);
  flow.writeUInt16BE(flow.length, 0);
  if (!isOld) {
    flow.writeBigUInt64BE(0x6b38000000000001n, 24);
    flow.writeUInt16BE(1, 48);
    flow.writeUInt16BE(4, 50);
  }
  const header = Buffer.alloc(isOld ? 4 : 8);
  header.writeUInt16BE(Part.flow, 0);
  header.writeUInt16BE(1, 2);
  const type = isOld ? Type10.statsReply : Type.multipartReply;
  const flows = Array.from({ length: 500 }, (_, i) => {
    const one = Buffer.from(flow);
    if (!isOld) one.writeUInt16BE(i, 16);
    return one;
  });
  return bytesOf({ version, type, xid, body: Buffer.concat([header, ...flows]) });
}
