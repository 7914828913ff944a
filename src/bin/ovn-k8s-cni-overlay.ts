#!/usr/bin/env node
import { formatVersions, isSupported, NEWEST, SUPPORTED } from '../cni/versions.js';

const DESCRIPTION = 'CNI plugin that connects pods to OVN';

const { CNI_COMMAND } = process.env;
if (process.argv.length > 2 || CNI_COMMAND === undefined) await printHelp();
else if (CNI_COMMAND === 'VERSION') print(formatVersions());
else await execute();

/** Prints the help text for people who run the plugin by hand. */
async function printHelp(): Promise<void> {
  const { makeCommand, runCommand } = await import('../daemon/command.js');
  const command = makeCommand('ovn-k8s-cni-overlay', DESCRIPTION)
    .addHelpText(
      'after',
      `\nThe container runtime runs it, with CNI_COMMAND set and a configuration on standard input (CNI ${SUPPORTED.join(', ')}).`,
    )
    .action(() => command.help());
  process.exitCode = await runCommand(command, process.argv);
}

/** Executes CNI_COMMAND. An error is JSON on standard output, with exit code 1 (CNI specification, "Error"). */
async function execute(): Promise<void> {
  const [{ formatError }, { readConfiguration }, { readAll }, { runPlugin }] = await Promise.all([
    import('../cni/errors.js'),
    import('../cni/request.js'),
    import('../cni/stdin.js'),
    import('../cni/plugin.js'),
  ]);
  let version: string = NEWEST;
  try {
    const text = await readAll(process.stdin);
    const config = readConfiguration(text);
    version = config.cniVersion;
    print(await runPlugin(process.env, config));
  } catch (error) {
    print(formatError(isSupported(version) ? version : NEWEST, error));
    process.exitCode = 1;
  }
}

function print(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}
