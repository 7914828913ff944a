import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { PROJECT } from '../../lab/project.js';
import { lockBridge } from '../../src/gateway/bridge_lock.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'bridge-lock-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Starts a process that holds the lock of a bridge. */
async function holder(t: ExecutionContext, bridge: string, rundir: string) {
  const agent = join(PROJECT, 'test/gateway/bridge_lock_agent.ts');
  const child = fork(agent, [bridge, rundir], { execArgv: ['--import=tsx'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

test('a bridge that another process has locked is refused, and the error names bridge and pid', async (t) => {
  const dir = directory(t);
  const { pid } = await holder(t, 'breth0', dir);
  t.throws(() => lockBridge('breth0', dir), {
    code: 'ERR_BRIDGE_IN_USE',
    message: `breth0: another ovn-k8s-gateway-helper keeps its flows, pid ${pid}, aborting`,
  });
  lockBridge('breth1', dir).release();
});

test('the lock of a killed process is taken over, and a released lock leaves no file', async (t) => {
  const dir = directory(t);
  const child = await holder(t, 'breth0', dir);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  t.deepEqual(readdirSync(dir), ['ovn-k8s-gateway-helper.breth0.lock']);
  lockBridge('breth0', dir).release();
  t.deepEqual(readdirSync(dir), []);
});

test('a lock whose file was deleted is released, and the file of the next process stays', async (t) => {
  const dir = directory(t);
  const path = join(dir, 'ovn-k8s-gateway-helper.breth0.lock');
  const lock = lockBridge('breth0', dir);
  rmSync(path);
  t.notThrows(() => lock.release());
  const other = lockBridge('breth0', dir);
  rmSync(path);
  await holder(t, 'breth0', dir);
  other.release();
  t.deepEqual(readdirSync(dir), ['ovn-k8s-gateway-helper.breth0.lock']);
});

test('a bridge name is never a path, and a missing run directory is named', (t) => {
  const dir = directory(t);
  const lock = lockBridge('../../x', dir);
  t.deepEqual(readdirSync(dir), ['ovn-k8s-gateway-helper...%2F..%2Fx.lock']);
  lock.release();
  t.throws(() => lockBridge('breth0', '/nonexistent'), { code: 'ERR_PIDFILE', message: /\/nonexistent\// });
});
