import { statSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { unixctl } from '../../src/daemon/unixctl_client.js';
import { UnixctlServer } from '../../src/daemon/unixctl_server.js';
import { ProductError } from '../../src/net/errors.js';

async function serve(t: ExecutionContext) {
  const directory = await mkdtemp(join(tmpdir(), 'unixctl-'));
  const path = join(directory, 'daemon.ctl');
  const server = new UnixctlServer(path);
  server.register('echo', '[word...]', 0, 3, (words) => words.join(' '));
  server.register('fail', '', 0, 0, () => {
    throw new ProductError('ERR_BUSY', 'it is broken');
  });
  server.register('big', 'bytes', 1, 1, ([bytes]) => 'x'.repeat(Number(bytes)));
  await server.listen();
  t.teardown(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });
  return { path, server };
}

/** The real client. */
async function appctl(path: string, ...command: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa('ovs-appctl', ['--timeout=5', '-t', path, ...command], {
    reject: false,
  });
  return { exitCode, stdout, stderr };
}

test('ovs-appctl prints what a command returns, with its arguments as they were given', async (t) => {
  const { path } = await serve(t);
  t.deepEqual(await appctl(path, 'echo', 'a b', '"é"', '\\'), {
    exitCode: 0,
    stdout: 'a b "é" \\',
    stderr: '',
  });
  t.is((await appctl(path, 'echo')).stdout, '');
  t.is((await appctl(path, 'big', '3000000')).stdout.length, 3_000_000);
});

test('a reply has no character that a terminal obeys, and JSON in it keeps its value', async (t) => {
  const { path } = await serve(t);
  t.is(
    (await appctl(path, 'echo', 'a\x1b[2J\x9b\x7f\u202e\nb')).stdout,
    'a\\u001b[2J\\u009b\\u007f\\u202e\nb',
  );
  const json = JSON.stringify({ name: '\x1b\x9b\u202e' });
  t.deepEqual(JSON.parse(await unixctl(path, 'echo', [json])), { name: '\x1b\x9b\u202e' });
  const { stderr } = await appctl(path, 'no\x1b[2J\nsuch');
  t.true(stderr.startsWith('"no\\u001b[2J such" is not a valid command'), stderr);
});

test("list-commands looks like OVS's", async (t) => {
  const { path } = await serve(t);
  const { stdout } = await appctl(path, 'list-commands');
  t.is(
    stdout,
    [
      'The available commands are:',
      '  big                     bytes',
      '  echo                    [word...]',
      '  fail',
      '  list-commands',
    ].join('\n'),
  );
});

test('a command that fails makes ovs-appctl exit with 2 and print the reason', async (t) => {
  const { path } = await serve(t);
  const refused = async (message: string, ...command: string[]) => {
    const { exitCode, stderr } = await appctl(path, ...command);
    t.is(exitCode, 2);
    t.is(stderr.split('\n')[0], message);
  };
  await refused('it is broken', 'fail');
  await refused('"echo" command takes at most 3 arguments', 'echo', '1', '2', '3', '4');
  await refused('"big" command requires at least 1 arguments', 'big');
  await refused(
    '"nonsense" is not a valid command (use "list-commands" to see a list of valid commands)',
    'nonsense',
  );
});

test("our client runs commands of our daemons and of OVS's", async (t) => {
  const { path } = await serve(t);
  t.is(await unixctl(path, 'echo', ['a', 'b']), 'a b\n');
  await t.throwsAsync(unixctl(path, 'fail'), { code: 'ERR_UNIXCTL_REFUSED', message: 'fail: it is broken' });
  await t.throwsAsync(unixctl(`${path}.none`, 'echo'), {
    code: 'ERR_UNIXCTL',
    message: /is the daemon running/,
  });
});

test("only the daemon's user can connect, and the socket of a dead daemon is replaced", async (t) => {
  const { path } = await serve(t);
  t.is((await stat(path)).mode & 0o777, 0o700);
  const left = `${path}.left`;
  await writeFile(left, '');
  const next = new UnixctlServer(left);
  await next.listen();
  t.regex((await appctl(left, 'list-commands')).stdout, /available/);
  await next.close();
  await t.throwsAsync(stat(left), { code: 'ENOENT' });
  await t.throwsAsync(new UnixctlServer('/nonexistent/x.ctl').listen(), {
    code: 'ERR_UNIXCTL',
    message: /x\.ctl/,
  });
});

test('nobody else can connect from the first moment on, whatever the umask is', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'unixctl-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'daemon.ctl');
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const server = new UnixctlServer(path);
  const listening = server.listen();
  t.is(statSync(path).mode & 0o777, 0o700);
  t.is(process.umask(), 0);
  await listening;
  await server.close();
});

test('a client that sends nonsense or too much is disconnected, and the next one is served', async (t) => {
  const { path } = await serve(t);
  const open = () => {
    const socket = connect(path);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.resume();
    return { socket, closed };
  };
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', `{"id":0,"method":"${'x'.repeat(300_000)}`, '}']) {
    const { socket, closed } = open();
    // The client keeps its side open, so only the server can end the connection.
    socket.write(bytes);
    await closed;
  }
  const { socket, closed } = open();
  socket.end('[1,2');
  await closed;
  t.is((await appctl(path, 'echo', 'still here')).stdout, 'still here');
});

test('a server answers pending requests before it closes', async (t) => {
  const { path, server } = await serve(t);
  server.register('exit', '', 0, 0, () => {
    void server.close();
    return 'bye';
  });
  t.like(await appctl(path, 'exit'), { exitCode: 0, stdout: 'bye' });
  await t.throwsAsync(stat(path), { code: 'ENOENT' });
});

test('an invalid answer is an error of the request and does not end the process', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'unixctl-'));
  const path = join(directory, 'daemon.ctl');
  const server = createServer((socket) => socket.end('{"result": nothing}'));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });
  await t.throwsAsync(unixctl(path, 'version'), { code: 'ERR_UNIXCTL' });
});
