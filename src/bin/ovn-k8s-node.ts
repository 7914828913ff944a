#!/usr/bin/env node
import { Option } from 'commander';
import { makeCommand, runCommand } from '../daemon/command.js';
import { localDatabase } from '../daemon/directories.js';
import { daemonCommand } from '../daemon/main.js';
import { NODE_DAEMON } from '../daemon/programs.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { readExternalIpCidrs } from '../kube/external_ip_cidrs.js';
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
  .option('--kubeconfig <file>', 'how to reach the API server (default: read external_ids)')
  .option('--external-ip-cidrs <list>', "networks of services' external addresses, or none (default: any)")
  .addOption(
    new Option(
      '--external-address-owner <owner>',
      "who answers for services' external addresses: the first gateway, or a speaker such as MetalLB or keepalived",
    )
      .choices(['first', 'speaker'])
      .default('first'),
  )
  .option('--db <database>', "the local switch's database", localDatabase(process.env))
  .option('--timeout <seconds>', 'how long to wait for the local database at start', '5');

daemonCommand(command, async (daemon, given) => {
  const allowed = readExternalIpCidrs(given.externalIpCidrs);
  const { runNodeDaemon } = await import('../node/main.js');
  await runNodeDaemon(daemon, {
    db: String(given.db),
    timeoutMs: readMilliseconds(String(given.timeout)),
    kubeconfig: given.kubeconfig === undefined ? undefined : String(given.kubeconfig),
    node: given.nodeName === undefined ? undefined : String(given.nodeName),
    hasSpeaker: given.externalAddressOwner === 'speaker',
    nodePorts: given.nodePorts === 'gateways' ? 'gateways' : 'all',
    nodePortAddresses: readNodePortAddresses(given.nodePortAddresses),
    allowed,
  });
});

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
