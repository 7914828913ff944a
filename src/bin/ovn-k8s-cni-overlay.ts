#!/usr/bin/env node
const DESCRIPTION = 'CNI plugin that connects pods to OVN';

if (process.argv.length > 2 || process.env.CNI_COMMAND === undefined) await printHelp();
else await (await import('../cni/main.js')).answerRuntime();

/** Prints the help text for people who run the plugin by hand. */
async function printHelp(): Promise<void> {
  const [{ makeCommand, runCommand }, { SUPPORTED }] = await Promise.all([
    import('../daemon/command.js'),
    import('../cni/versions.js'),
  ]);
  const command = makeCommand('ovn-k8s-cni-overlay', DESCRIPTION)
    .addHelpText(
      'after',
      `\nThe container runtime runs it, with CNI_COMMAND set and a configuration on standard input (CNI ${SUPPORTED.join(', ')}).`,
    )
    .action(() => command.help());
  process.exitCode = await runCommand(command, process.argv);
}
