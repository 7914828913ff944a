#!/usr/bin/env node
import { Option } from 'commander';
import { makeCommand, runCommand } from '../daemon/command.js';
import { localDatabase } from '../daemon/directories.js';
import { daemonCommand } from '../daemon/main.js';
import { NODE_DAEMON } from '../daemon/programs.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { clusterOptions, ownerOption, readAddressOwner, readClusterOptions } from '../kube/command_line.js';
import { readNodePortAddresses } from '../node/options.js';

const command = makeCommand(
  NODE_DAEMON,
  'make this host reach the services of the cluster, and answer for them',
)
  .option('--node-name <name>', "the name of this host's Kubernetes node (default: read external_ids)")
  .addOption(
    new Option('--node-ports <nodes>', 'the nodes whose addresses answer node ports')
      .choices(['all', 'gateways'])
      .default('all'),
  )
  .option(
    '--node-port-addresses <list>',
    "networks of the nodes' addresses that answer node ports (default: all addresses)",
  )
  .option('--db <database>', "the local switch's database", localDatabase(process.env))
  .option('--timeout <seconds>', 'how long to wait for the local database at start', '5');
ownerOption(clusterOptions(command));

daemonCommand(command, async (daemon, given) => {
  const cluster = readClusterOptions(given);
  const { runNodeDaemon } = await import('../node/main.js');
  await runNodeDaemon(daemon, {
    ...cluster,
    db: String(given.db),
    timeoutMs: readMilliseconds(String(given.timeout)),
    node: given.nodeName === undefined ? undefined : String(given.nodeName),
    hasSpeaker: readAddressOwner(given) === 'speaker',
    nodePorts: given.nodePorts === 'gateways' ? 'gateways' : 'all',
    nodePortAddresses: readNodePortAddresses(given.nodePortAddresses),
  });
});

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
