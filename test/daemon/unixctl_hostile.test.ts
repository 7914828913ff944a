import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { accepting, startOvsdbServer } from '../../lab/ovsdb_server.js';
import { until, when } from '../../lab/until.js';
import { unixctl } from '../../src/daemon/unixctl_client.js';
import { UnixctlServer } from '../../src/daemon/unixctl_server.js';
import { pieces } from '../net/stream_pieces.js';

/** How long a server of these tests waits for its clients when it closes, in milliseconds. */
const LAST_MS = 300;

async function directoryOf(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'unixctl-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

async function serve(t: ExecutionContext, idleMs?: number) {
  const { path } = await serving(t, idleMs);
  return path;
}

async function serving(t: ExecutionContext, idleMs?: number) {
  const path = join(await directoryOf(t), 'daemon.ctl');
  const server = new UnixctlServer(path, idleMs, LAST_MS);
  server.register('echo', '[word...]', 0, 9, (words) => words.join(' '));
  server.register('big', 'bytes', 1, 1, ([bytes]) => 'x'.repeat(Number(bytes)));
  server.register('never', '', 0, 0, () => new Promise<string>(() => undefined));
  await server.listen();
  t.teardown(() => server.close());
  return { path, server };
}

/** Opens a connection that reads nothing until it is resumed. */
function open(path: string) {
  const socket = connect(path);
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, closed };
}

/** Sends one request and returns the raw reply. */
async function ask(path: string, request: string): Promise<string> {
  const { socket } = open(path);
  socket.write(request);
  const reply = await new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
  socket.destroy();
  return String(reply);
}

const stillAnswers = async (t: ExecutionContext, path: string) =>
  t.is(await unixctl(path, 'echo', ['still here']), 'still here\n');

test('a parameter that is not a string is refused in the words of Open vSwitch', async (t) => {
  const path = await serve(t);
  const socket = join(await directoryOf(t), 'ovsdb.ctl');
  const real = await startOvsdbServer({ args: [`--unixctl=${socket}`] });
  t.teardown(() => real.dispose());
  await accepting(socket);
  for (const parameter of ['{"toString":1}', '5', 'null', '[]', '["a"]']) {
    const request = `{"id":0,"method":"vlog/set","params":[${parameter}]}`;
    const [theirs, ours] = [await ask(socket, request), await ask(path, request.replace('vlog/set', 'echo'))];
    t.is(JSON.parse(ours).error.replace('echo', 'vlog/set'), JSON.parse(theirs).error);
  }
  await stillAnswers(t, path);
});

test('a request nested too deep, and what is no request, closes only its own connection', async (t) => {
  const path = await serve(t);
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  for (const request of [
    `{"id":0,"method":"echo","params":[${deep(100_000)}]}`,
    `{"id":${deep(5_000)},"method":"echo","params":[]}`,
    '{"id":0,"method":{"toString":1},"params":[]}',
    '{"id":0,"method":"echo","params":{"length":3}}',
    '[1,2]',
    '{"id":0}',
    '{]',
  ]) {
    const { socket, closed } = open(path);
    socket.resume();
    socket.write(request);
    await closed;
  }
  await stillAnswers(t, path);
});

test('a thousand open connections do not keep out another client', async (t) => {
  const path = await serve(t);
  const clients = Array.from({ length: 1_000 }, () => open(path));
  let closed = 0;
  for (const client of clients) {
    client.socket.resume();
    void client.closed.then(() => closed++);
  }
  await until('all but 64 to be closed', () => when(closed >= 936));
  await stillAnswers(t, path);
  t.true(closed <= 937, String(closed));
  for (const { socket } of clients) socket.destroy();
});

test('a client that does not read the answers is closed', async (t) => {
  const path = await serve(t);
  const { socket, closed } = open(path);
  socket.write('{"id":0,"method":"big","params":["900000"]}'.repeat(1_000));
  // Nothing reads, so the end shows only as an error of a later write.
  const pushing = setInterval(() => socket.write(' '), 20);
  await closed;
  clearInterval(pushing);
  await stillAnswers(t, path);
});

test('neither a command that does not end nor a client that does not read keeps the server from closing', async (t) => {
  const BYTES = 8 * 1024 * 1024;
  for (const request of [
    '{"id":0,"method":"never","params":[]}',
    `{"id":0,"method":"big","params":["${BYTES}"]}`,
  ]) {
    const { path, server } = await serving(t);
    const { socket, closed } = open(path);
    socket.write(request);
    await stillAnswers(t, path);
    const began = performance.now();
    await server.close();
    t.true(performance.now() - began < 5_000);
    let read = 0;
    socket.on('data', ({ length }) => {
      read += length;
    });
    await closed;
    t.true(read < BYTES, `${request}: ${read} bytes came`);
  }
});

test('an idle client is closed, and so is one that sends its request octet by octet', async (t) => {
  const path = await serve(t, 200);
  const [idle, slow] = [open(path), open(path)];
  for (const { socket } of [idle, slow]) socket.resume();
  const dripping = setInterval(() => slow.socket.write('['), 20);
  await Promise.all([idle.closed, slow.closed]);
  clearInterval(dripping);
  await stillAnswers(t, path);
});

test('whatever octets a client sends, the server goes on', async (t) => {
  const path = await serve(t);
  const likely = fc.constantFrom(
    ...['{"id":0,', '"method":"echo",', '"params":[', '"a"', '{"toString":1}', ']', '}', '[', '{', '"', ','],
    ...['\\u0000', '1e999', '"__proto__":1', 'null', '\xff', ' '],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(likely, { maxLength: 12 }), fc.array(fc.nat()), async (parts, cuts) => {
      const { socket, closed } = open(path);
      socket.resume();
      for (const piece of pieces(Buffer.from(parts.join(''), 'latin1'), cuts)) socket.write(piece);
      socket.end();
      await closed;
    }),
    { numRuns: 300 },
  );
  await stillAnswers(t, path);
});

/** Starts a server that does `behave` with each client. */
async function misbehave(t: ExecutionContext, behave: (socket: Socket) => void): Promise<string> {
  const path = join(await directoryOf(t), 'other.ctl');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  return path;
}

test('the client waits no longer than its time limit, whatever the daemon sends meanwhile', async (t) => {
  const path = await misbehave(t, (socket) => {
    const dripping = setInterval(() => socket.write('['), 20);
    socket.once('close', () => clearInterval(dripping));
  });
  const started = performance.now();
  await t.throwsAsync(unixctl(path, 'status', [], { timeoutMs: 300 }), {
    code: 'ERR_UNIXCTL',
    message: /no answer within 300 ms/,
  });
  t.true(performance.now() - started < 5_000);
});

test('the client refuses a reply that is too large, too deep or no reply', async (t) => {
  for (const reply of ['['.repeat(1_001), '{"result":{"toString":1},"error":null}', '[]', '{}', '5']) {
    const path = await misbehave(t, (socket) => socket.write(reply));
    await t.throwsAsync(unixctl(path, 'status'), { code: 'ERR_UNIXCTL' });
  }
  const endless = await misbehave(t, (socket) => {
    const more = () => {
      while (socket.write(Buffer.alloc(1024 * 1024, '"')));
    };
    socket.on('drain', more);
    socket.write('["');
    more();
  });
  await t.throwsAsync(unixctl(endless, 'status', [], { timeoutMs: 60_000 }), { code: 'ERR_UNIXCTL' });
});
