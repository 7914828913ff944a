#!/usr/bin/env node
import { formatVersions, isSupported, NEWEST, SUPPORTED } from '../cni/versions.js';

const DESCRIPTION = 'give a pod its interface on OVN, as a CNI plugin does for kubelet';

const { CNI_COMMAND } = process.env;
if (process.argv.length > 2 || CNI_COMMAND === undefined) await explain();
else if (CNI_COMMAND === 'VERSION') say(formatVersions());
else await obey();

/** What people see who run it by hand. */
async function explain(): Promise<void> {
  const { makeCommand, runCommand } = await import('../daemon/command.js');
  const command = makeCommand('ovn-k8s-cni-overlay', DESCRIPTION)
    .addHelpText(
      'after',
      `\nIt speaks CNI ${SUPPORTED.join(', ')}, and is told what to do by CNI_COMMAND and standard input.`,
    )
    .action(() => command.help());
  process.exitCode = await runCommand(command, process.argv);
}

/** Errors are answers: JSON on standard output, and exit code 1 (CNI specification, "Error"). */
async function obey(): Promise<void> {
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
    say(await runPlugin(process.env, config));
  } catch (error) {
    say(formatError(isSupported(version) ? version : NEWEST, error));
    process.exitCode = 1;
  }
}

function say(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}
