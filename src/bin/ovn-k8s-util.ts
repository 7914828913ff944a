#!/usr/bin/env node
// The executables, one thin file each: options in, one call, exit code out.
// Larger commands keep their options beside their code, as src/doctor/command.ts does.
// A daemon's common options come from src/daemon.
import { type Command, Option } from 'commander';
import { addAudit } from '../audit/command.js';
import { addConfirm, addKeeper, readConfirm } from '../confirm/command.js';
import type { Unconfirmed } from '../confirm/unconfirmed.js';
import { makeCommand, runCommand } from '../daemon/command.js';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { addDoctor } from '../doctor/command.js';
import { addExplain } from '../explain/command.js';
import { readInterfaceName } from '../net/interface_name.js';
import { PERSIST_CHOICES } from '../nic/persist/manager.js';
import { addRestartSwitch } from '../restart/command.js';
import { addTop } from '../top/command.js';

const command = makeCommand(
  'ovn-k8s-util',
  "move a host's NIC to an Open vSwitch bridge and back, and inspect its traffic",
);

withCommonOptions(
  command
    .command('nics-to-bridge')
    .description('move each interface to a bridge brIF, with its addresses, routes and rules')
    .argument('<interface...>'),
)
  .addOption(
    new Option('--datapath-type <type>', 'system, or netdev if the kernel has no Open vSwitch').choices([
      'system',
      'netdev',
    ]),
  )
  .addOption(
    new Option(
      '--persist <manager>',
      'write configuration files of this network manager, so that the move outlives a reboot',
    )
      .choices(PERSIST_CHOICES)
      .default('none'),
  )
  .option('--confirm <seconds>', 'move the NIC back, unless ovn-k8s-util confirm is run in time')
  .action(async (interfaces: readonly string[], given: Record<string, unknown>) => {
    const { moveAll } = await import('../nic/move_all.js');
    const { planToBridge } = await import('../nic/to_bridge.js');
    await moveAll(namesOf(interfaces), planToBridge, await readOptions(given));
  });

withCommonOptions(
  command
    .command('bridge-to-nics')
    .description('move addresses, routes and rules of each bridge back to its interface')
    .argument('<bridge...>'),
)
  .option(
    '--force',
    'move back although the bridge is that of a gateway, or a default gateway does not answer',
  )
  // Given by the process that takes a move back.
  .addOption(new Option('--take-back').hideHelp())
  .action(async (bridges: readonly string[], given: Record<string, unknown>) => {
    const options = await readOptions(given);
    if (given.takeBack === true) {
      const { takeBackMoves } = await import('../nic/take_back.js');
      return takeBackMoves(options);
    }
    const { moveAll } = await import('../nic/move_all.js');
    const { planToNic } = await import('../nic/to_nic.js');
    const names = namesOf(bridges);
    const settles = ({ nics }: Unconfirmed) =>
      nics.length > 0 && nics.every(({ bridge }) => names.includes(bridge));
    const isForced = given.force === true;
    await moveAll(names, (db, name) => planToNic(db, name, { ...options, isForced }), {
      ...options,
      settles,
    });
  });

addConfirm(command);
addKeeper(command);

addExplain(command);
addTop(command);
addAudit(command);
addDoctor(command);
addRestartSwitch(command);

function withCommonOptions(sub: Command): Command {
  return sub
    .option('--dry-run', 'print the steps without executing them')
    .option('--restart-dhcp', 'make the DHCP client renew its lease where the address is afterwards')
    .option('--db <database>', "the local switch's database", localDatabase(process.env))
    .option('--timeout <seconds>', 'how long to wait for the database and the switch', '5');
}

/** Reads the names of interfaces or bridges. @throws UsageError */
function namesOf(texts: readonly string[]): readonly string[] {
  return texts.map((text) => readInterfaceName('interface', text));
}

async function readOptions(given: Record<string, unknown>) {
  const { knownManagers } = await import('../nic/persist/managers.js');
  return {
    db: String(given.db),
    timeoutMs: readMilliseconds(String(given.timeout)),
    rundir: directories(process.env).run,
    dryRun: given.dryRun === true,
    datapath:
      given.datapathType === 'system' || given.datapathType === 'netdev' ? given.datapathType : undefined,
    restartDhcp: given.restartDhcp === true,
    confirmMs: readConfirm(given.confirm),
    persist: PERSIST_CHOICES.find((choice) => choice === given.persist) ?? 'none',
    place: { stateDir: directories(process.env).state, managers: knownManagers() },
  } as const;
}

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
