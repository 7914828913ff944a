import { Command, CommanderError } from 'commander';
import { explainError, ProductError, UsageError } from '../net/errors.js';
import { VERSION } from './version.js';

export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** A command line in the manner of OVS's programs: `-h`, `-V`, one line on standard error for what is wrong. */
export function makeCommand(name: string, description: string): Command {
  return (
    new Command(name)
      .description(description)
      .helpOption('-h, --help', 'display this help message')
      .version(`${name} ${VERSION}`, '-V, --version', 'display version information')
      .exitOverride()
      // What is wrong is one line, of ours; help that nobody asked for is none.
      .configureOutput({ outputError: () => undefined, writeErr: () => undefined })
  );
}

/** Parses `argv` and runs what it asks for; returns the exit code. */
export async function runCommand(command: Command, argv: readonly string[]): Promise<number> {
  try {
    await command.parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    process.stderr.write(`${command.name()}: ${complaintOf(error)}\n`);
    return error instanceof CommanderError || error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}

/** One line; a stack only for what nobody expected. */
function complaintOf(error: unknown): string {
  if (error instanceof CommanderError && error.code === 'commander.help')
    return 'give a command (use --help for help)';
  if (error instanceof CommanderError)
    return `${error.message.replace(/^error: /, '').split('\n')[0]} (use --help for help)`;
  if (error instanceof ProductError) return explainError(error).replaceAll('\n', ' ');
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
