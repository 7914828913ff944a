import { Command, CommanderError } from 'commander';
import { explainError, ProductError, UsageError } from '../net/errors.js';
import { escapeControls, printableLine } from '../net/printable.js';
import { VERSION } from './version.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Makes a command line like those of OVS's programs: `-h`, `-V`, and one line on standard error for a mistake. */
export function makeCommand(name: string, description: string): Command {
  return (
    new Command(name)
      .description(description)
      .helpOption('-h, --help', 'display this help message')
      .version(`${name} ${VERSION}`, '-V, --version', 'display version information')
      .exitOverride()
      // runCommand prints the one line; commander would print its own, and the help with it.
      .configureOutput({ outputError: () => undefined, writeErr: () => undefined })
  );
}

/** Parses `argv`, runs the command in it, and returns the exit code. */
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

/** Returns one line; a stack only for an error that is not a ProductError. */
function complaintOf(error: unknown): string {
  if (error instanceof CommanderError && error.code === 'commander.help')
    return 'give a command (use --help for help)';
  if (error instanceof CommanderError)
    return `${printableLine(error.message.replace(/^error: /, '').split('\n')[0] ?? '')} (use --help for help)`;
  if (error instanceof ProductError) return printableLine(explainError(error));
  return escapeControls(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
