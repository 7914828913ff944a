#!/usr/bin/env node
import type { Command } from 'commander';
import { makeCommand, runCommand } from '../daemon/command.js';
import { localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';

const command = makeCommand(
  'ovn-k8s-overlay',
  'set up OVN for Kubernetes on this host, and take it down again',
);

const CLUSTER_SUBNET = [
  '--cluster-ip-subnet <subnets>',
  "what all pods' addresses are in; one a family",
] as const;
const NODE_NAME = ['--node-name <name>', 'this host, as Kubernetes knows it'] as const;
const CNI_CONF = [
  '--cni-conf-dir <dir>',
  "where the CNI plugin's configuration goes",
  '/etc/cni/net.d',
] as const;
const CNI_BIN = ['--cni-bin-dir <dir>', 'where the CNI plugin is linked', '/opt/cni/bin'] as const;
const SYSCTL_DIR = [
  '--sysctl-dir <dir>',
  'where reserved ports are kept across reboots',
  '/etc/sysctl.d',
] as const;

sub('master-init', "make the cluster's router and switches, and this host a node")
  .requiredOption(...CLUSTER_SUBNET)
  .requiredOption('--master-switch-subnet <subnets>', "this node's pods; one a family")
  .requiredOption(...NODE_NAME)
  .action(async (given: Record<string, string>) => {
    const { masterInit } = await import('../overlay/node_init.js');
    const { readNode } = await import('../overlay/command_line.js');
    await masterInit({
      ...common(given),
      ...readNode(given, '--master-switch-subnet', given.masterSwitchSubnet),
    });
    complete([]);
  });

sub('minion-init', 'make this host a node of the cluster')
  .requiredOption(...CLUSTER_SUBNET)
  .requiredOption('--minion-switch-subnet <subnets>', "this node's pods; one a family")
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
  .requiredOption('--physical-ip <addresses>', "the gateway's addresses as IP/MASK; one a family")
  .option('--bridge-interface <bridge>', 'the bridge that this host and the gateway share')
  .option('--physical-interface <nic>', "a NIC that is the gateway's alone")
  .option('--default-gw <addresses>', 'the router outside; one a family')
  .option('--rampout-ip-subnets <subnets>', 'subnets whose pods leave by this gateway')
  .option('--snat-port-range <range>', "ports of pods' connections, LO-HI or none (default: 61000-65535)")
  .option('--reserve-host-ports', "narrow the host's ephemeral ports, for a range of 49152-65535")
  .option('--force', 'though another host has the address, or the router does not answer')
  .option(...SYSCTL_DIR)
  .action(async (given: Record<string, string>) => {
    const { gatewayInit } = await import('../overlay/gateway_init.js');
    const { readGateway } = await import('../overlay/command_line.js');
    complete(await gatewayInit({ ...common(given), ...readGateway(given) }));
  });

sub('gateway-deinit', 'undo gateway-init')
  .requiredOption(...NODE_NAME)
  .option(...SYSCTL_DIR)
  .action(async (given: Record<string, string>) => {
    const { gatewayDeinit } = await import('../overlay/gateway_deinit.js');
    const { readName } = await import('../overlay/command_line.js');
    const node = readName(given);
    if (!(await gatewayDeinit({ ...common(given), node, sysctlDir: String(given.sysctlDir) })))
      process.stdout.write(`${node} is no gateway: there is nothing to undo.\n`);
  });

sub('minion-deinit', 'undo minion-init')
  .requiredOption(...NODE_NAME)
  .option(...CNI_CONF)
  .option(...CNI_BIN)
  .action(async (given: Record<string, string>) => {
    const { minionDeinit } = await import('../overlay/node_deinit.js');
    const { readCni, readName } = await import('../overlay/command_line.js');
    await minionDeinit({ ...common(given), node: readName(given), cni: readCni(given) });
  });

sub('master-deinit', 'undo master-init')
  .requiredOption(...NODE_NAME)
  .action(async (given: Record<string, string>) => {
    const { masterDeinit } = await import('../overlay/node_deinit.js');
    const { readName } = await import('../overlay/command_line.js');
    await masterDeinit({ ...common(given), node: readName(given) });
  });

function sub(name: string, description: string): Command {
  return command
    .command(name)
    .description(description)
    .option('--db <database>', 'the local switch', localDatabase(process.env))
    .option('--timeout <seconds>', 'how long a database and the switch may take', '5');
}

function common(given: Record<string, string>) {
  return { db: String(given.db), timeoutMs: readMilliseconds(String(given.timeout)) };
}

function complete(notes: readonly string[]): void {
  for (const note of notes) process.stdout.write(`note: ${note}\n`);
  process.stdout.write('Initialization complete.\n');
}

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
