#!/usr/bin/env node
import { Option } from 'commander';
import { makeCommand, runCommand } from '../daemon/command.js';
import { localDatabase } from '../daemon/directories.js';
import { daemonCommand } from '../daemon/main.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import { readMilliseconds } from '../daemon/timeout.js';

const command = makeCommand(
  GATEWAY_HELPER,
  'keep the OpenFlow rules of a gateway node that shares its NIC with OVN',
)
  .requiredOption('--physical-bridge <bridge>', 'the bridge that holds the NIC')
  .requiredOption('--physical-interface <interface>', 'the NIC')
  .addOption(
    new Option(
      '--demux <mode>',
      "how pods' return traffic is told from the host's (default: port-range where gateway-init set one)",
    ).choices(['conntrack', 'port-range']),
  )
  .addOption(
    new Option(
      '--flow-channel <channel>',
      'how flows get to the switch: by ovs-ofctl, or over a session of its own',
    )
      .choices(['ofctl', 'openflow'])
      .default('ofctl'),
  )
  .option('--kubeconfig <file>', 'how to reach the API server (default: what external_ids say)')
  .option('--db <database>', 'the local switch', localDatabase(process.env))
  .option('--timeout <seconds>', 'how long the database and the switch may take at start', '5');

daemonCommand(command, async (daemon, given) => {
  const { runHelper } = await import('../gateway/main.js');
  await runHelper(daemon, {
    bridge: String(given.physicalBridge),
    physicalInterface: String(given.physicalInterface),
    channel: given.flowChannel === 'openflow' ? 'openflow' : 'ofctl',
    demux: given.demux === 'conntrack' || given.demux === 'port-range' ? given.demux : undefined,
    db: String(given.db),
    kubeconfig: given.kubeconfig === undefined ? undefined : String(given.kubeconfig),
    timeoutMs: readMilliseconds(String(given.timeout)),
  });
});

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
