import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { findClients, isStill } from '../../src/nic/dhcp_process.js';

const asRoot = process.getuid?.() === 0 ? test : test.skip;

/** Runs a copy of `cat` with another name, and with arguments of its own, until the test ends; returns its pid. */
async function calledBy(t: ExecutionContext, name: string, before: readonly string[] = []): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'client-'));
  chmodSync(dir, 0o755);
  const program = join(dir, name);
  copyFileSync('/bin/cat', program);
  const [command = '', ...args] = [...before, program, '-', 'eth0'];
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  t.teardown(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
    rmSync(dir, { recursive: true });
  });
  const { pid = 0 } = child;
  await until(`${name} to run`, () => when(readFileSync(`/proc/${pid}/comm`, 'utf8') === `${name}\n`));
  return pid;
}

asRoot('a process is no DHCP client by its name alone, whoever runs it', async (t) => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  for (const [before, why] of [
    [nobody, 'does not run as root'],
    [[], "does not run this host's program"],
  ] as const)
    for (const client of ['dhclient', 'dhcpcd'] as const) {
      const pid = await calledBy(t, client, before);
      const { clients, impostors } = findClients();
      t.false(clients.some((one) => one.pid === pid));
      t.deepEqual(
        impostors.filter((one) => one.pid === pid),
        [{ pid, client, why }],
      );
    }
});

asRoot('saved and real uids count: a process of root that a user can become is none', async (t) => {
  const pid = await calledBy(t, 'dhclient', ['setpriv', '--ruid=65534', '--clear-groups']);
  t.is(findClients().impostors.find((one) => one.pid === pid)?.why, 'does not run as root');
});

test('a process that has ended, or another one with its pid, is no longer the client', (t) => {
  const client = 'dhclient' as const;
  t.false(isStill({ pid: process.pid, client, program: '/usr/sbin/dhclient', argv: [], start: '1' }));
  t.false(isStill({ pid: 4_194_305, client, program: '/usr/sbin/dhclient', argv: [], start: '1' }));
});
