import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { findClients, isStill } from '../../src/nic/dhcp_process.js';

const asRoot = process.getuid?.() === 0 ? test : test.skip;

/** Runs `cat` under another name and arguments until the test ends; returns its pid. */
async function calledBy(t: ExecutionContext, name: string, before: readonly string[] = []): Promise<number> {
  const [command = '', ...args] = [...before, 'bash', '-c', 'exec -a "$0" cat', name];
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  t.teardown(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const { pid = 0 } = child;
  await until(`${name} to run`, () => when(readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `${name}\0`));
  return pid;
}

asRoot('a process is no DHCP client by its name alone, whoever runs it', async (t) => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const names = ['dhclient', '/tmp/evil/dhclient', 'dhcpcd: eth0 [ip4]', 'dhcpcd: [manager] [ip4] [ip6]'];
  for (const [before, why] of [
    [nobody, 'does not run as root'],
    [[], "does not run this host's program"],
  ] as const) {
    const pids = await Promise.all(names.map((name) => calledBy(t, name, before)));
    const { clients, impostors } = findClients();
    t.deepEqual(
      clients.filter(({ pid }) => pids.includes(pid)),
      [],
    );
    t.deepEqual(
      impostors
        .filter(({ pid }) => pids.includes(pid))
        .toSorted((a, b) => pids.indexOf(a.pid) - pids.indexOf(b.pid)),
      pids.map((pid, index) => ({ pid, client: index < 2 ? 'dhclient' : 'dhcpcd', why }) as const),
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
