import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import type { DhcpOwner } from './dhcp_owner.js';

/** What the operator must do about a lease, in one line. */
export function tellDhcp({ client, pid, commands }: DhcpOwner, device: string): string {
  const first = pid === undefined ? [] : [`kill -KILL ${pid}`];
  const all = [...first, ...commands.map((command) => command.join(' '))].join(' && ');
  return `the lease moved with what is left of it; to have ${client} renew it on ${device}: ${all} (or --restart-dhcp)`;
}

/**
 * Ends the client without a chance to take the address down, and starts it on the new device.
 * @throws ProductError `ERR_DHCP`
 */
export async function restartDhcp({ client, pid, commands }: DhcpOwner): Promise<void> {
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  for (const [command = '', ...args] of commands) {
    const { failed, stderr, shortMessage } = await execa(command, args, {
      reject: false,
      timeout: 30_000,
      stdin: 'ignore',
    });
    if (failed) throw new ProductError('ERR_DHCP', `${client}: ${stderr.split('\n')[0] || shortMessage}`);
  }
}
