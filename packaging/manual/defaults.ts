import type { Command } from 'commander';
import { meaningOf, ownOptionsOf } from './command_table.js';

/**
 * Writes the file of a daemon in /etc/default: what an operator sets beside the options, then the options that the daemon
 * has, from the table that its `--help` prints.
 * @param head the settings of the unit
 * @param given options that the unit gives the daemon
 */
export function defaultsFile(command: Command, head: string, given: readonly string[]): string {
  const options = ownOptionsOf(command).filter(
    ({ long }) => long !== '--help' && !given.includes(long ?? ''),
  );
  const lines = options.flatMap((option) => [`#   ${option.flags}`, `#       ${meaningOf(command, option)}`]);
  return [
    head.trimEnd(),
    '',
    `# Further options of ${command.name()}(8), separated by spaces:`,
    ...lines,
    'OPTIONS=""',
    '',
  ].join('\n');
}
