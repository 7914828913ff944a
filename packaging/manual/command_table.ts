import { readdirSync } from 'node:fs';
import { join, parse } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, type Option } from 'commander';
import { PROJECT } from '../../lab/project.js';

const BIN = join(PROJECT, 'src/bin');
/** The plugin that runtimes run has no command line. */
const NO_COMMAND_LINE = 'ovn_cni';

/**
 * Returns the command line of each executable, by name: the table that its `--help` prints. An executable parses its
 * arguments while it is loaded; here it only gives its table away.
 */
export async function readCommandLines(): Promise<ReadonlyMap<string, Command>> {
  const found = new Map<string, Command>();
  const { parseAsync } = Command.prototype;
  Command.prototype.parseAsync = function keep(this: Command) {
    found.set(this.name(), this);
    return Promise.resolve(this);
  };
  try {
    for (const name of readdirSync(BIN).map((file) => parse(file).name))
      if (name !== NO_COMMAND_LINE) await import(pathToFileURL(join(BIN, `${name}.ts`)).href);
  } finally {
    Command.prototype.parseAsync = parseAsync;
  }
  return found;
}

/** Returns the subcommands that are for people, in the order of the help. */
export function subcommandsOf(command: Command): readonly Command[] {
  const help = command.createHelp();
  return help.visibleCommands(command).filter((one) => command.commands.includes(one));
}

/** Returns the options of a command in the order of its help, with `--help` and `--version`. */
export function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

/** Returns what an option means, with its choices and default, as its help says it. */
export function meaningOf(command: Command, option: Option): string {
  return command.createHelp().optionDescription(option);
}
