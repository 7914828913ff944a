import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { Lab } from '../lab/lab.js';
import { labTest } from '../lab/lab_test.js';
import type { Namespace } from '../lab/namespace.js';
import { PROJECT } from '../lab/project.js';
import type { Running } from '../lab/running.js';
import { until, when } from '../lab/until.js';
import { UnixctlServer } from '../src/daemon/unixctl_server.js';
import { lockFile, watchNetlink } from '../src/native.js';

const AGENT = [process.execPath, '--import=tsx', join(PROJECT, 'test/native_agent.ts')];

function directory(t: ExecutionContext<unknown>): string {
  const path = mkdtempSync(join(tmpdir(), 'native-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Tries to lock the file in another process. @returns `locked` or the errno */
async function lockedByOther(path: string): Promise<string> {
  const [node = '', ...args] = AGENT;
  return (await execa(node, [...args, 'lock', path], { cwd: PROJECT })).stdout;
}

test('a lock keeps other processes out until it is closed', async (t) => {
  const path = join(directory(t), 'x');
  const lock = lockFile(path);
  t.regex(await lockedByOther(path), /^errno (11|13)$/);
  lock.close();
  lock.close();
  t.is(await lockedByOther(path), 'locked');
});

test('a write replaces the content of the file, and reading the file keeps the lock', async (t) => {
  const path = join(directory(t), 'x');
  const lock = lockFile(path);
  lock.write('a long line\n');
  lock.write('short\n');
  t.is(readFileSync(path, 'utf8'), 'short\n');
  t.is(statSync(path).mode & 0o777, 0o600);
  lock.close();
  t.throws(() => lock.write('too late'), { message: /ftruncate/ });
});

test('a lock stays on its file when the file is renamed, as a pidfile is', async (t) => {
  const path = join(directory(t), 'x');
  const lock = lockFile(`${path}.tmp`);
  renameSync(`${path}.tmp`, path);
  t.regex(await lockedByOther(path), /^errno (11|13)$/);
  lock.close();
});

test('ovs-appctl -t NAME accepts a pidfile while it is locked', async (t) => {
  const rundir = directory(t);
  const lock = lockFile(join(rundir, 'somebody.pid'));
  lock.write(`${process.pid}\n`);
  const server = new UnixctlServer(join(rundir, `somebody.${process.pid}.ctl`));
  server.register('version', '', 0, 0, () => 'somebody 1');
  await server.listen();
  const ask = () =>
    execa('ovs-appctl', ['--timeout=5', '-t', 'somebody', 'version'], {
      env: { OVS_RUNDIR: rundir },
      reject: false,
    });
  t.like(await ask(), { exitCode: 0, stdout: 'somebody 1' });
  lock.close();
  const stale = await ask();
  t.not(stale.exitCode, 0);
  t.regex(stale.stderr, /somebody\.pid/);
  await server.close();
});

test('a failed system call and a wrong argument throw', (t) => {
  t.like(
    t.throws(() => lockFile('/nonexistent/x')),
    { errno: 2, syscall: 'open' },
  );
  t.like(
    t.throws(() => lockFile('/')),
    { errno: 21, syscall: 'open' },
  );
  const nonsense: unknown = Number.NaN;
  t.throws(() => lockFile(nonsense as string), { instanceOf: TypeError });
  t.throws(() => watchNetlink(['link'], nonsense as () => void), { instanceOf: TypeError });
});

async function inNamespace(t: ExecutionContext<unknown>): Promise<Namespace> {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  return lab.namespace('net');
}

const agent = (net: Namespace, ...args: readonly string[]) => net.spawn([...AGENT, ...args]);
const said = (running: Running, word: string) =>
  running.output.split('\n').filter((line) => line === word).length;

/** Returns how many messages the netlink sockets of a namespace dropped: the column Drops of /proc/net/netlink. */
async function lostNews(net: Namespace): Promise<number> {
  const [header = '', ...rows] = (await net.exec(['cat', '/proc/net/netlink'])).trim().split('\n');
  const column = header.trim().split(/\s+/).indexOf('Drops');
  return rows.reduce((sum, row) => sum + Number(row.trim().split(/\s+/)[column]), 0);
}

/** Makes a change and waits until the agent has said `word` again. */
async function again(running: Running, word: string, change: () => Promise<unknown>): Promise<void> {
  const before = said(running, word);
  await change();
  await until(`"${word}" again`, () => when(said(running, word) > before));
}

labTest('each change of links and addresses causes a call', async (t) => {
  const net = await inNamespace(t);
  const watching = agent(net, 'watch', 'link', 'ipv4-ifaddr', 'ipv6-ifaddr');
  await watching.says(/watching/);
  for (const change of [
    'link add d0 type veth peer name d1',
    'link set d0 mtu 1400',
    'link set d0 up',
    'addr add 192.0.2.1/24 dev d0',
    'addr add 2001:db8::1/64 dev d0 nodad',
    'addr del 192.0.2.1/24 dev d0',
    'link del d0',
  ]) {
    await again(watching, 'second', () => net.ip(change));
  }
  t.is(await watching.stop(), 0);
});

labTest('only changes of the requested groups cause a call', async (t) => {
  const net = await inNamespace(t);
  await net.ip('link add d0 type veth peer name d1');
  const [addresses, routes] = [agent(net, 'watch', 'ipv4-ifaddr'), agent(net, 'watch', 'ipv4-route')];
  await Promise.all([addresses.says(/watching/), routes.says(/watching/)]);
  await net.ip('link set d0 up', 'link set d0 mtu 1400');
  await again(addresses, 'second', () => net.ip('addr add 192.0.2.1/32 dev d0'));
  const before = said(addresses, 'second');
  await again(routes, 'second', () => net.ip('route add 198.51.100.0/24 dev d0'));
  t.is(before, 1);
  t.is(said(addresses, 'second'), 1);
  await Promise.all([addresses.stop(), routes.stop()]);
});

labTest(
  'a closed watch is silent, another one continues, and a process whose watches are unreferenced ends',
  async (t) => {
    const net = await inNamespace(t);
    const watching = agent(net, 'watch', 'link');
    await watching.says(/watching/);
    await again(watching, 'first', () => net.ip('link add d0 type veth peer name d1'));
    process.kill(watching.pid, 'SIGUSR2');
    await watching.says(/closed/);
    const before = said(watching, 'first');
    await again(watching, 'second', () => net.ip('link set d0 up'));
    await again(watching, 'second', () => net.ip('link set d0 down'));
    t.is(said(watching, 'first'), before);
    t.is(await watching.stop(), 0);
    t.is(await agent(net, 'unref').exited, 0);
  },
);

labTest('changes that queue up while the process is busy cause one call', async (t) => {
  const net = await inNamespace(t);
  const watching = agent(net, 'watch', 'ipv4-ifaddr');
  await watching.says(/watching/);
  await net.ip('link add d0 type veth peer name d1', 'link set d0 up');
  const addresses = Array.from({ length: 50 }, (_, i) => `10.0.${i}.1/32`);
  process.kill(watching.pid, 'SIGSTOP');
  await net.ip(...addresses.map((one) => `addr add ${one} dev d0`));
  t.is(await lostNews(net), 0, 'the socket holds all of them');
  process.kill(watching.pid, 'SIGCONT');
  await watching.says(/second/);
  await again(watching, 'second', () => net.ip('addr add 192.0.2.1/32 dev d0'));
  t.is(await watching.stop(), 0);
  t.is(said(watching, 'second'), 2);
});

labTest(
  'changes cause a call even if the kernel dropped some of them, and later changes do too',
  async (t) => {
    const net = await inNamespace(t);
    const watching = agent(net, 'watch', 'ipv4-ifaddr');
    await watching.says(/watching/);
    await net.ip('link add d0 type veth peer name d1', 'link set d0 up');
    const addresses = Array.from({ length: 4_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1/32`);
    await again(watching, 'second', async () => {
      process.kill(watching.pid, 'SIGSTOP');
      await net.ip(...addresses.map((one) => `addr add ${one} dev d0`));
      t.true((await lostNews(net)) > 0, 'the buffer of the socket is too small for all of them');
      process.kill(watching.pid, 'SIGCONT');
    });
    await again(watching, 'second', () => net.ip('addr add 192.0.2.1/32 dev d0'));
    await again(watching, 'second', () => net.ip('addr del 192.0.2.1/32 dev d0'));
    t.is(await watching.stop(), 0);
  },
);

labTest('the lock and the watch of a thread end with it', async (t) => {
  const net = await inNamespace(t);
  const path = join(directory(t), 'x');
  const running = agent(net, 'worker', path);
  await running.says(/locked/);
  t.is(readFileSync(path, 'utf8'), 'thread\n');
  t.regex(await lockedByOther(path), /^errno (11|13)$/);
  await until('news', async () => {
    await net.ip('link add d0 type veth peer name d1', 'link del d0');
    return when(said(running, 'changed') > 0);
  });
  process.kill(running.pid, 'SIGUSR2');
  await running.says(/terminated/);
  t.is(await running.exited, 0);
});

labTest('a terminated thread releases its lock while the process runs', async (t) => {
  const net = await inNamespace(t);
  const path = join(directory(t), 'x');
  const running = agent(net, 'worker', path, 'stay');
  await running.says(/locked/);
  process.kill(running.pid, 'SIGUSR2');
  await running.says(/terminated/);
  t.is(await lockedByOther(path), 'locked');
  await net.ip('link add d0 type veth peer name d1');
  t.is(await running.stop('SIGINT'), 0);
});
