#!/usr/bin/env node
import { type Command, Option } from 'commander';
import { addKeeper, readConfirm } from '../confirm/command.js';
import { makeCommand, runCommand } from '../daemon/command.js';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { printableLine } from '../net/printable.js';

const command = makeCommand('ovn-k8s-overlay', 'set up OVN for Kubernetes on this host, and remove it again');

const FOLDERS = { rundir: directories(process.env).run, stateDir: directories(process.env).state };

const CLUSTER_SUBNET = [
  '--cluster-ip-subnet <subnets>',
  'the subnets of all pods, comma-separated, one for each family',
] as const;
const NODE_NAME = ['--node-name <name>', "the name of this host's Kubernetes node"] as const;
const CNI_CONF = [
  '--cni-conf-dir <dir>',
  "the directory for the CNI plugin's configuration",
  '/etc/cni/net.d',
] as const;
const CNI_BIN = [
  '--cni-bin-dir <dir>',
  'the directory for the link to the CNI plugin',
  '/opt/cni/bin',
] as const;
const SYSCTL_DIR = [
  '--sysctl-dir <dir>',
  'the directory for the setting that reserves ports across reboots',
  '/etc/sysctl.d',
] as const;

sub('master-init', "create the cluster's router and switches, and make this host a node")
  .requiredOption(...CLUSTER_SUBNET)
  .requiredOption(
    '--master-switch-subnet <subnets>',
    "the subnets of this node's pods, comma-separated, one for each family",
  )
  .requiredOption(...NODE_NAME)
  .option(
    '--service-ip-subnet <subnets>',
    "the API server's --service-cluster-ip-range, or none (default: as it was)",
  )
  .action(async (given: Record<string, string>) => {
    const { masterInit } = await import('../overlay/node_init.js');
    const { readMaster } = await import('../overlay/command_line.js');
    complete(await masterInit({ ...common(given), ...readMaster(given) }));
  });

sub('minion-init', 'make this host a node of the cluster')
  .requiredOption(...CLUSTER_SUBNET)
  .requiredOption(
    '--minion-switch-subnet <subnets>',
    "the subnets of this node's pods, comma-separated, one for each family",
  )
  .requiredOption(...NODE_NAME)
  .option(...CNI_CONF)
  .option(...CNI_BIN)
  .action(async (given: Record<string, string>) => {
    const { minionInit } = await import('../overlay/node_init.js');
    const { readCni, readNode } = await import('../overlay/command_line.js');
    const node = readNode(given, '--minion-switch-subnet', given.minionSwitchSubnet);
    await minionInit({ ...common(given), ...node, cni: readCni(given) });
    complete([]);
  });

sub('gateway-init', 'make this host a gateway of the cluster')
  .requiredOption(...CLUSTER_SUBNET)
  .requiredOption(...NODE_NAME)
  .requiredOption(
    '--physical-ip <addresses>',
    "the gateway's addresses as IP/MASK, comma-separated, one for each family",
  )
  .option('--bridge-interface <bridge>', 'the bridge that host and gateway router share')
  .option('--physical-interface <nic>', 'a NIC that belongs to the gateway router alone')
  .option('--default-gw <addresses>', 'the next hops to the outside, comma-separated, one for each family')
  .option('--rampout-ip-subnets <subnets>', 'subnets whose pods use this gateway')
  .option(
    '--snat-port-range <range>',
    "source ports of pods' connections, LO-HI or none (default: 61000-65535)",
  )
  .option('--reserve-host-ports', "narrow the host's ephemeral ports to make room for the range 49152-65535")
  .option('--force', 'continue if another host has the address, or the next hop does not answer')
  .option('--confirm <seconds>', 'undo it all, unless ovn-k8s-util confirm is run in time')
  .option(...SYSCTL_DIR)
  .action(async (given: Record<string, string>) => {
    const { gatewayInitConfirmed } = await import('../overlay/gateway_confirm.js');
    const { readGateway } = await import('../overlay/command_line.js');
    const confirmMs = readConfirm(given.confirm);
    const options = { ...common(given), ...readGateway(given) };
    complete(await gatewayInitConfirmed(options, confirmMs, FOLDERS));
  });

sub('gateway-deinit', 'undo gateway-init')
  .requiredOption(...NODE_NAME)
  .option(...SYSCTL_DIR)
  // Given by the process that takes a gateway-init back.
  .addOption(new Option('--take-back').hideHelp())
  .action(async (given: Record<string, string | true>) => {
    const { gatewayDeinitConfirmed, takeBackGateway } = await import('../overlay/gateway_confirm.js');
    const { readName } = await import('../overlay/command_line.js');
    const node = readName(given);
    const options = { ...common(given), node, sysctlDir: String(given.sysctlDir) };
    if (given.takeBack === true) {
      const { restoreNic } = await import('../nic/take_back.js');
      return takeBackGateway(options, FOLDERS, (nic, seconds) => restoreNic(nic, seconds, FOLDERS));
    }
    if (!(await gatewayDeinitConfirmed(options, FOLDERS)))
      process.stdout.write(`${node} is not a gateway: there is nothing to undo.\n`);
  });

sub('minion-deinit', 'undo minion-init')
  .requiredOption(...NODE_NAME)
  .option(...CNI_CONF)
  .option(...CNI_BIN)
  .action(async (given: Record<string, string>) => {
    const { minionDeinit } = await import('../overlay/node_deinit.js');
    const { forgetNode } = await import('../overlay/host_kernel.js');
    const { readCni, readName } = await import('../overlay/command_line.js');
    await minionDeinit({ ...common(given), node: readName(given), cni: readCni(given) });
    await forgetNode();
  });

sub('master-deinit', 'undo master-init')
  .requiredOption(...NODE_NAME)
  .action(async (given: Record<string, string>) => {
    const { masterDeinit } = await import('../overlay/node_deinit.js');
    const { forgetNode } = await import('../overlay/host_kernel.js');
    const { readName } = await import('../overlay/command_line.js');
    await masterDeinit({ ...common(given), node: readName(given) });
    await forgetNode();
  });

addKeeper(command);

function sub(name: string, description: string): Command {
  return command
    .command(name)
    .description(description)
    .option('--db <database>', "the local switch's database", localDatabase(process.env))
    .option('--timeout <seconds>', 'how long to wait for a database and the switch', '5');
}

function common(given: Record<string, unknown>) {
  return { db: String(given.db), timeoutMs: readMilliseconds(String(given.timeout)) };
}

function complete(notes: readonly string[]): void {
  for (const note of notes) process.stdout.write(`${printableLine(`note: ${note}`)}\n`);
  process.stdout.write('Initialization complete.\n');
}

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
