import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { until, when } from '../../lab/until.js';
import { RpcError, RpcSession } from '../../src/ovsdb/rpc.js';
import { pieces, tricky } from '../net/stream_pieces.js';
import { startFakeServer } from './fake_server.js';

/** Opens a session whose peer sends only what the test writes to `peer`. */
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
