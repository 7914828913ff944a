import { existsSync } from 'node:fs';
import { execa } from 'execa';
import type { Snapshot } from '../host/snapshot.js';
import { explainError, ProductError } from '../net/errors.js';
import { copyLeases } from './dhclient.js';
import {
  type DhcpOwner,
  findClientProcess,
  findDhcpOwner,
  hasLease,
  type Surroundings,
} from './dhcp_owner.js';
import { type ClientProcess, findClients, type Impostor, isStill } from './dhcp_process.js';
import { shellLine } from './dhcp_shell.js';
import type { Manager } from './persist/manager.js';
import type { Plan } from './plan.js';

/** The environment of a client: root's own may name programs and libraries of another user. */
const CLIENT_ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } as const;
/** The most processes that a note names: any user can start as many as he likes. */
const MAX_IMPOSTORS = 3;

const FAMILIES = { inet: 'DHCP', inet6: 'DHCPv6' } as const;

export interface DhcpOptions {
  readonly restartDhcp: boolean;
  /** The client that the network manager hands over by itself when it takes up its files. */
  readonly handedOver?: Manager['renews'];
}

/**
 * Adds what keeps leased addresses alive: they move with their remaining lifetimes, and a DHCP client must renew them on
 * `to`. That is a step with `restartDhcp`, else a note.
 */
export function addDhcp(
  plan: Plan,
  now: Snapshot,
  to: string,
  { restartDhcp, handedOver }: DhcpOptions,
): void {
  const { device: from } = now;
  const { clients, impostors } = findClients();
  if (hasLease(now, 'inet') || hasLease(now, 'inet6')) noteImpostors(plan, impostors);
  for (const family of ['inet', 'inet6'] as const) {
    if (!hasLease(now, family)) continue;
    const owner = ownerOf(now, to, family, clients);
    if (owner !== undefined && 'client' in owner && owner.client === handedOver) continue;
    if (owner instanceof ProductError) {
      if (restartDhcp) throw new ProductError('ERR_CANNOT_MOVE', `${from}: ${explainError(owner)}`);
      plan.note(`the ${FAMILIES[family]} lease moved with its remaining lifetime; ${owner.message} on ${to}`);
    } else if (owner === undefined) {
      // An IPv6 address without a client comes from router advertisements, which the kernel receives on any device.
      if (family === 'inet')
        plan.note(
          `${from} has an address from DHCP and no known client renews it: start one on ${to} before it expires`,
        );
    } else if (!restartDhcp) {
      plan.note(
        `the ${FAMILIES[family]} lease moved with its remaining lifetime; to have ${owner.client} renew it on ${to}: ${shellLine(owner)} (or --restart-dhcp)`,
      );
    } else if (family === 'inet6' && hasPermanent6(now)) {
      // dhclient's script flushes permanent IPv6 addresses before the request (PREINIT6 of dhclient-script(8)).
      plan.note(
        `${owner.client} -6 is not restarted, since it would delete the other IPv6 addresses of ${to}; by hand: ${shellLine(owner)}`,
      );
    } else {
      plan.add({
        name: `restart ${owner.client} on ${to}`,
        details: [shellLine(owner)],
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
export function addDhcpcdEnd(plan: Plan, now: Snapshot, to: string, { restartDhcp }: DhcpOptions): void {
  if (!hasLease(now, 'inet')) return;
  const { device: from } = now;
  const owner = ownerOf(now, to, 'inet', findClients().clients);
  if (owner === undefined || owner instanceof ProductError || owner.client !== 'dhcpcd') return;
  if (!restartDhcp)
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `${from}: dhcpcd would give ${from} its address back 5 s after the move; add --restart-dhcp`,
    );
  const { process } = owner;
  if (process === undefined) return;
  plan.add({
    name: `end dhcpcd on ${from}`,
    details: [`kill -KILL ${process.pid}`],
    run: async () => kill(process),
    undo: () => runCommands(owner, owner.undo),
  });
}

/** Returns the client of the interface, or why its client cannot be moved. */
function ownerOf(
  { device, link }: Snapshot,
  to: string,
  family: 'inet' | 'inet6',
  clients: Surroundings['clients'],
): DhcpOwner | ProductError | undefined {
  try {
    return findDhcpOwner(
      { from: device, ifindex: link.ifindex, to, family },
      { clients, exists: existsSync },
    );
  } catch (error) {
    if (error instanceof ProductError) return error;
    throw error;
  }
}

function noteImpostors(plan: Plan, impostors: readonly Impostor[]): void {
  for (const { pid, client, why } of impostors.slice(0, MAX_IMPOSTORS))
    plan.note(`process ${pid} calls itself ${client} and ${why}: it is left alone`);
  const more = impostors.length - MAX_IMPOSTORS;
  if (more > 0) plan.note(`${more} more processes call themselves DHCP clients and are left alone`);
}

/** Moves the client to the other interface. @throws ProductError `ERR_DHCP` */
async function restart(owner: DhcpOwner): Promise<void> {
  if (owner.process !== undefined) kill(owner.process);
  if (owner.leases !== undefined) copyLeases(owner.leases);
  await runCommands(owner, owner.commands);
}

/** Moves the client back to the interface that it had. */
async function moveBack(
  owner: DhcpOwner,
  { from, to, family }: { from: string; to: string; family: 'inet' | 'inet6' },
): Promise<void> {
  const there = findClientProcess({ from: to, to: from, family }, findClients().clients);
  if (owner.client === 'dhcpcd' && owner.process !== undefined) {
    // The undo of the step that ended dhcpcd starts it again.
    if (there?.process !== undefined) kill(there.process);
  } else if (owner.process !== undefined && there !== undefined) await restart(there);
  else await runCommands(owner, owner.undo);
}

/**
 * Ends a client that must neither delete its address nor release its lease. Does nothing if it has ended meanwhile, even
 * if another process has its pid.
 */
function kill(client: ClientProcess): void {
  if (!isStill(client)) return;
  try {
    process.kill(client.pid, 'SIGKILL');
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
      env: CLIENT_ENV,
      extendEnv: false,
    });
    if (failed) throw new ProductError('ERR_DHCP', `${client}: ${stderr.split('\n')[0] || shortMessage}`);
  }
}

function hasPermanent6({ addresses }: Snapshot): boolean {
  return addresses.some(
    ({ family, scope, dynamic }) => family === 'inet6' && scope === 'global' && dynamic !== true,
  );
}
