import type { Command } from 'commander';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';

/** Adds `restart-switch` to `ovn-k8s-util`. */
export function addRestartSwitch(command: Command): void {
  command
    .command('restart-switch')
    .description('restart ovs-vswitchd, and let it forward packets only once it has its flows again')
    .option('--command <command>', 'what restarts ovs-vswitchd (default: systemctl restart)')
    .option('--db <database>', "the local switch's database", localDatabase(process.env))
    .option('--timeout <seconds>', 'how long to wait for the database, the helper and the flows', '10')
    .action(async (given: Record<string, unknown>) => {
      const { restartSwitch } = await import('./run.js');
      await restartSwitch({
        command: typeof given.command === 'string' ? given.command : undefined,
        db: String(given.db),
        timeoutMs: readMilliseconds(String(given.timeout)),
        directories: directories(process.env),
        print: (line) => process.stdout.write(`${line}\n`),
      });
    });
}
