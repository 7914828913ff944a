import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { until, when } from '../../lab/until.js';
import { JsonSplitter } from '../../src/net/json_stream.js';
import { RpcError, RpcSession } from '../../src/ovsdb/rpc.js';
import { startFakeServer } from './fake_server.js';

/** Text that has all that can confuse a splitter: quotes, backslashes, brackets, characters of several bytes. */
const tricky = fc.string({
  unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ' ', 'a', 'é', '漢', '🐙', '\n', '\u2028'),
});
const message = fc.record({ id: fc.nat(), params: fc.array(fc.oneof(tricky, fc.jsonValue())), k: tricky });
const spacing = fc.constantFrom('', ' ', '\n', '\r\n\t');

/** `bytes` in pieces that end at `cuts`, taken modulo the length. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

test('messages come out complete and in order, wherever the stream is cut', (t) => {
  const stream = fc.tuple(fc.array(fc.tuple(message, spacing)), fc.array(fc.nat()), fc.boolean());
  fc.assert(
    fc.property(stream, ([messages, cuts, everyByte]) => {
      const texts = messages.map(([value]) => JSON.stringify(value));
      const bytes = Buffer.from(messages.map(([, space], i) => `${space}${texts[i]}`).join(''));
      const splitter = new JsonSplitter();
      const chunks = everyByte ? [...bytes].map((byte) => Buffer.from([byte])) : pieces(bytes, cuts);
      t.deepEqual(
        chunks.flatMap((chunk) => splitter.push(chunk)).map((text) => text.trim()),
        texts,
      );
    }),
  );
});

test('the first byte that is not JSON-RPC is refused, and so is a message that exceeds the limit', (t) => {
  t.throws(() => new JsonSplitter().push(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')), { code: 'ERR_NOT_JSON' });
  t.throws(() => new JsonSplitter().push(Buffer.from('{"a":1}garbage')), { code: 'ERR_NOT_JSON' });
  const splitter = new JsonSplitter(100);
  t.deepEqual(splitter.push(Buffer.from('{"a":"')), []);
  t.throws(() => Array.from({ length: 3 }, () => splitter.push(Buffer.alloc(50, 'x'))), {
    code: 'ERR_MESSAGE_TOO_LARGE',
  });
});

/** A session whose peer says only what the test writes on `peer`. */
async function pair() {
  const server = await startFakeServer({ silence: () => undefined });
  const socket = connect(server.path);
  await new Promise((resolve) => socket.once('connect', resolve));
  const notified: unknown[] = [];
  const session = new RpcSession({
    socket,
    probeMs: 60_000,
    notified: (method, params) => notified.push([method, ...params]),
  });
  const peer: Socket = await until('the connection', () => [...server.sockets][0]);
  const dispose = async () => {
    session.close();
    await session.closed;
    await server.dispose();
  };
  return { server, session, peer, notified, dispose };
}

test('each reply reaches its request, in any order and in any pieces, and notifications in between are delivered', async (t) => {
  const { session, peer, notified, server, dispose } = await pair();
  const script = fc.record({
    values: fc.array(tricky, { minLength: 1, maxLength: 6 }),
    backwards: fc.boolean(),
    cuts: fc.array(fc.nat(), { maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(script, async ({ values, backwards, cuts }) => {
      notified.length = 0;
      const before = server.received.length;
      const replies = Promise.all(values.map((value) => session.request('silence', [value])));
      const asked = await until('the requests', () => {
        const since = server.received.slice(before).filter(({ method }) => method === 'silence');
        return since.length === values.length ? since : undefined;
      });
      const answers = asked.flatMap(({ id, params }) => [
        { id: null, method: 'update', params: [params?.[0]] },
        { id: 'echo', method: 'echo', params },
        { id, result: params?.[0], error: null },
      ]);
      const ordered = backwards ? answers.toReversed() : answers;
      for (const piece of pieces(Buffer.from(ordered.map((one) => JSON.stringify(one)).join('')), cuts)) {
        peer.write(piece);
        await setImmediate();
      }
      t.deepEqual(await replies, values);
      await until('the news', () => when(notified.length === values.length));
      const news = values.map((value) => ['update', value]);
      t.deepEqual(notified, backwards ? news.toReversed() : news);
    }),
    { numRuns: 60 },
  );
  await dispose();
});

test('an echo is answered with its own parameters', async (t) => {
  const { server, peer, dispose } = await pair();
  peer.write('{"method":"echo","id":"echo-7","params":["a",{"b":[1]}]}');
  const reply = await until('the answer', () => server.received[0]);
  t.deepEqual(reply, { id: 'echo-7', result: ['a', { b: [1] }], error: null });
  await dispose();
});

test('an error reply fails only its request; the end of the connection fails all pending ones', async (t) => {
  const { session, peer, server, dispose } = await pair();
  await t.throwsAsync(session.request('no_such_method', []), {
    instanceOf: RpcError,
    message: 'no_such_method: unknown method',
  });
  const lost = Promise.allSettled([session.request('silence', []), session.request('silence', [])]);
  await until('both requests', () => when(server.received.length === 3));
  peer.destroy();
  t.deepEqual(
    (await lost).map((one) => one.status === 'rejected' && one.reason.code),
    ['ERR_CONNECTION_CLOSED', 'ERR_CONNECTION_CLOSED'],
  );
  await t.throwsAsync(session.request('silence', []), { code: 'ERR_CONNECTION_CLOSED' });
  await dispose();
});

test('garbage ends the session with the reason', async (t) => {
  const { session, peer, dispose } = await pair();
  const waiting = session.request('silence', []);
  peer.write('HTTP/1.1 400 Bad Request\r\n\r\n');
  await t.throwsAsync(waiting, { code: 'ERR_NOT_JSON' });
  t.like(await session.closed, { code: 'ERR_NOT_JSON' });
  await dispose();
});
