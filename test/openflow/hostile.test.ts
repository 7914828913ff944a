import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { ProductError } from '../../src/net/errors.js';
import { Connection } from '../../src/openflow/connection.js';
import { OUR_COOKIES } from '../../src/openflow/cookie.js';
import { eachDumped } from '../../src/openflow/dump_reader.js';
import { parseDumpedFlow } from '../../src/openflow/flow.js';
import { complaintIn } from '../../src/openflow/ofctl_complaint.js';
import { refusalOf } from '../../src/openflow/ofctl_refusal.js';
import { parseShow } from '../../src/openflow/ofctl_show.js';
import { openflowChannel } from '../../src/openflow/openflow.js';
import { OwnEcho } from '../../src/openflow/own_echo.js';
import { requestParts } from '../../src/openflow/requests.js';
import { writeFlowStatsRequest } from '../../src/openflow/wire/flow_stats.js';
import { MessageSplitter, OFP14, Type } from '../../src/openflow/wire/message.js';
import { Part } from '../../src/openflow/wire/multipart.js';
import { pieces } from '../net/stream_pieces.js';
import { bytesOf } from './man_in_the_middle.js';

const HELLO = bytesOf({ version: OFP14, type: Type.hello, xid: 1, body: Buffer.alloc(0) });

/** Starts a switch that does `behave` with each connection. */
async function misbehave(t: ExecutionContext, behave: (peer: Socket) => void) {
  const rundir = await mkdtemp(join(tmpdir(), 'hostile-'));
  const sockets = new Set<Socket>();
  const server = createServer((peer) => {
    sockets.add(peer);
    peer.on('error', () => undefined);
    behave(peer);
  });
  const path = join(rundir, 'br0.mgmt');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(rundir, { recursive: true });
  });
  return { rundir, path };
}

async function open(t: ExecutionContext, behave: (peer: Socket) => void, { probeMs = 60_000 } = {}) {
  const { path } = await misbehave(t, behave);
  const options = { path, version: OFP14, timeoutMs: 20_000, probeMs, news: () => undefined } as const;
  const connection = await Connection.open(options);
  t.teardown(() => connection.close());
  return connection;
}

/** Writes `part` again and again, as fast as the other end reads it, until the connection ends. */
function pour(peer: Socket, part: Buffer): void {
  const more = () => {
    while (!peer.destroyed && peer.write(part));
  };
  peer.on('drain', more);
  more();
}

const message = (type: number, xid: number, body: Buffer) => bytesOf({ version: OFP14, type, xid, body });

test('a switch that sends echo requests and does not read the replies is disconnected', async (t) => {
  const connection = await open(t, (peer) => {
    peer.write(HELLO);
    pour(peer, message(Type.echoRequest, 7, Buffer.alloc(60_000)));
  });
  t.like(await connection.closed, { code: 'ERR_PEER_NOT_READING' });
});

test('a switch that sends one octet now and then, and does not answer the probe, is given up', async (t) => {
  const connection = await open(
    t,
    (peer) => {
      peer.write(HELLO);
      const octets = [...message(Type.echoRequest, 7, Buffer.alloc(60_000))];
      const dripping = setInterval(() => peer.write(Buffer.from([octets.shift() ?? 0])), 20);
      peer.once('close', () => clearInterval(dripping));
    },
    { probeMs: 100 },
  );
  t.like(await connection.closed, { code: 'ERR_NO_ECHO' });
});

test('an answer that does not end closes the connection', async (t) => {
  const body = Buffer.alloc(60_000);
  body.writeUInt16BE(Part.flow, 0);
  body.writeUInt16BE(1, 2);
  const connection = await open(t, (peer) => {
    peer.write(HELLO);
    const splitter = new MessageSplitter();
    peer.on('data', (chunk) =>
      splitter.push(chunk, ({ type, xid }) => {
        if (type === Type.multipartRequest) pour(peer, message(Type.multipartReply, xid, body));
      }),
    );
  });
  await t.throwsAsync(
    requestParts(
      connection,
      (out, xid) => writeFlowStatsRequest(out, xid, OUR_COOKIES),
      () => undefined,
    ),
    { code: 'ERR_MESSAGE_TOO_LARGE' },
  );
});

test('a message that comes octet by octet comes out whole', (t) => {
  const bytes = message(Type.echoRequest, 7, Buffer.alloc(65_000, 'x'));
  const splitter = new MessageSplitter();
  const lengths: number[] = [];
  for (const octet of bytes) splitter.push(Buffer.from([octet]), ({ body }) => lengths.push(body.length));
  t.deepEqual(lengths, [65_000]);
});

test('whatever octets a switch sends, reading its flows succeeds or fails with a typed error', async (t) => {
  const likely = fc.record({
    version: fc.constantFrom(OFP14, OFP14, OFP14, 1),
    type: fc.constantFrom(...Object.values(Type)),
    xid: fc.nat(8),
    body: fc
      .uint8Array({ maxLength: 80 })
      .map((octets) => Buffer.concat([Buffer.from([0, Part.flow, 0, 0, 0, 0, 0, 0]), octets])),
  });
  const octets = fc.oneof(
    likely.map(bytesOf),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(octets, { maxLength: 12 }), fc.array(fc.nat()), async (parts, cuts) => {
      const { rundir } = await misbehave(t, (peer) => {
        peer.write(HELLO);
        for (const piece of pieces(Buffer.concat(parts), cuts)) peer.write(piece);
      });
      const channel = openflowChannel({ bridge: 'br0', rundir, timeoutMs: 30 });
      try {
        await channel.eachFlow(() => undefined);
      } catch (error) {
        t.true(error instanceof ProductError, String(error));
      }
    }),
    { numRuns: 60 },
  );
});

const word = fc.constantFrom(
  ...['cookie=0x6b38000000000001', 'duration=1s', 'table=0', 'table=99999999999999999999', 'n_packets=1'],
  ...['n_bytes=2', 'priority=5', 'tcp', 'tp_dst=0x/0x', 'nw_dst=1.2.3.4/99', 'ipv6_src=::::', 'reset_counts'],
  ...['actions=', 'actions=output:1', 'ct(zone=1', 'set_field:0x->reg0', 'event=ADDED', ' event=DELETED'],
  ...['reason=delete', 'cookie=0x', 'NXST_FLOW_MONITOR reply ', ',', ' ', '\u0000', '\x1b[2J'],
);

test('whatever text ovs-ofctl prints, it is read or refused with a typed error', async (t) => {
  const line = fc.oneof(
    fc.array(word).map((words) => words.join(', ')),
    fc.array(word).map((words) => words.join(' ')),
    fc.string(),
    fc.nat({ max: 99_999 }).map((port) => ` ${port}(eth0): addr:aa:aa:aa:aa:aa:aa`),
    fc.constantFrom(
      ' LOCAL(br0): addr:aa:aa:aa:aa:aa:aa',
      '     config:     PORT_DOWN NO_FLOOD',
      'frags=drop',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line), async (lines) => {
      const text = lines.join('\n');
      try {
        await eachDumped([text.slice(0, 7), text.slice(7)], () => undefined);
      } catch (error) {
        t.true(error instanceof ProductError, String(error));
      }
      try {
        t.true(parseShow(text).noFlood.size <= lines.length);
      } catch (error) {
        t.true(error instanceof ProductError, String(error));
      }
      const echo = new OwnEcho();
      for (const one of lines) t.is(typeof echo.isNews(one), 'boolean');
    }),
    { numRuns: 2_000 },
  );
});

test('a flow of 1 MiB is read in time, whatever it repeats', (t) => {
  const head = ' cookie=0x1, duration=1s, table=0, n_packets=1, n_bytes=2,';
  const started = performance.now();
  for (const part of ['a(', ' a=b,', ' a=b', 'reset_counts ', 'tcp,', '9', ':', '(', 'x']) {
    const long = part.repeat(1024 * 1024);
    for (const line of [`${head} ${long}`, `${head} ${long} actions=drop`, `${head} actions=${long}`])
      parseDumpedFlow(line);
    new OwnEcho().isNews(` event=ADDED table=1 cookie=0x${long}`);
    refusalOf(`Error ${long}`, { add: [], remove: [] });
    complaintIn([long]);
  }
  t.true(performance.now() - started < 10_000);
});
