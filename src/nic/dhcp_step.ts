import { execa } from 'execa';
import type { Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';
import { copyLeases } from './dhclient.js';
import {
  type DhcpOwner,
  findClientProcess,
  findDhcpOwner,
  hasLease,
  readSurroundings,
} from './dhcp_owner.js';
import type { Plan } from './plan.js';

const FAMILIES = { inet: 'DHCP', inet6: 'DHCPv6' } as const;

/**
 * Adds what keeps leased addresses alive: they move with their remaining lifetimes, and a DHCP client must renew them on
 * `to`. That is a step with `restartDhcp`, else a note.
 */
export function addDhcp(
  plan: Plan,
  now: Snapshot,
  to: string,
  { restartDhcp }: { readonly restartDhcp: boolean },
): void {
  const { device: from } = now;
  const surroundings = readSurroundings();
  for (const family of ['inet', 'inet6'] as const) {
    if (!hasLease(now, family)) continue;
    const owner = findDhcpOwner({ from, ifindex: now.link.ifindex, to, family }, surroundings);
    if (owner === undefined) {
      // An IPv6 address without a client comes from router advertisements, which the kernel receives on any device.
      if (family === 'inet')
        plan.note(
          `${from} has an address from DHCP and no known client renews it: start one on ${to} before it expires`,
        );
    } else if (!restartDhcp) {
      plan.note(
        `the ${FAMILIES[family]} lease moved with its remaining lifetime; to have ${owner.client} renew it on ${to}: ${asText(owner)} (or --restart-dhcp)`,
      );
    } else if (family === 'inet6' && hasPermanent6(now)) {
      // dhclient's script flushes permanent IPv6 addresses before the request (PREINIT6 of dhclient-script(8)).
      plan.note(
        `${owner.client} -6 is not restarted, since it would delete the other IPv6 addresses of ${to}; by hand: ${asText(owner)}`,
      );
    } else {
      plan.add({
        name: `restart ${owner.client} on ${to}`,
        details: [asText(owner)],
        run: () => restart(owner),
        undo: () => moveBack(owner, { from, to, family }),
      });
    }
  }
}

/**
 * Adds the step that ends a dhcpcd before the address leaves its interface. dhcpcd asks for a deleted address again and
 * has it back on the interface after 5 s, beside the one that moved.
 * @throws ProductError `ERR_CANNOT_MOVE` without `restartDhcp`
 */
export function addDhcpcdEnd(
  plan: Plan,
  now: Snapshot,
  to: string,
  { restartDhcp }: { readonly restartDhcp: boolean },
): void {
  if (!hasLease(now, 'inet')) return;
  const { device: from } = now;
  const owner = findDhcpOwner({ from, ifindex: now.link.ifindex, to, family: 'inet' }, readSurroundings());
  if (owner?.client !== 'dhcpcd') return;
  if (!restartDhcp)
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `${from}: dhcpcd would give ${from} its address back 5 s after the move; add --restart-dhcp`,
    );
  const { pid } = owner;
  if (pid === undefined) return;
  plan.add({
    name: `end dhcpcd on ${from}`,
    details: [`kill -KILL ${pid}`],
    run: async () => kill(pid),
    undo: () => runCommands(owner, owner.undo),
  });
}

/** Formats the commands as a shell line. */
function asText({ pid, leases, commands }: DhcpOwner): string {
  const kill = pid === undefined ? [] : [`kill -KILL ${pid}`];
  const files =
    leases === undefined
      ? []
      : [`sed 's/"${leases.from}"/"${leases.to}"/' ${leases.file} > ${leases.newFile}`];
  return [...kill, ...files, ...commands.map((command) => command.join(' '))].join(' && ');
}

/** Moves the client to the other interface. @throws ProductError `ERR_DHCP` */
async function restart(owner: DhcpOwner): Promise<void> {
  if (owner.pid !== undefined) kill(owner.pid);
  if (owner.leases !== undefined) copyLeases(owner.leases);
  await runCommands(owner, owner.commands);
}

/** Moves the client back to the interface that it had. */
async function moveBack(
  owner: DhcpOwner,
  { from, to, family }: { from: string; to: string; family: 'inet' | 'inet6' },
): Promise<void> {
  const there = findClientProcess({ from: to, to: from, family }, readSurroundings().processes);
  if (owner.client === 'dhcpcd' && owner.pid !== undefined) {
    // The undo of the step that ended dhcpcd starts it again.
    if (there?.pid !== undefined) kill(there.pid);
  } else if (owner.pid !== undefined && there !== undefined) await restart(there);
  else await runCommands(owner, owner.undo);
}

/** Ends a client that must neither delete its address nor release its lease. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // The process has ended in the meantime.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function runCommands({ client }: DhcpOwner, commands: readonly (readonly string[])[]): Promise<void> {
  for (const [command = '', ...args] of commands) {
    const { failed, stderr, shortMessage } = await execa(command, args, {
      reject: false,
      timeout: 30_000,
      stdin: 'ignore',
      detached: true,
    });
    if (failed) throw new ProductError('ERR_DHCP', `${client}: ${stderr.split('\n')[0] || shortMessage}`);
  }
}

function hasPermanent6({ addresses }: Snapshot): boolean {
  return addresses.some(
    ({ family, scope, dynamic }) => family === 'inet6' && scope === 'global' && dynamic !== true,
  );
}
