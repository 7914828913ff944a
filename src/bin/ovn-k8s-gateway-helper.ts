#!/usr/bin/env node
import { Option } from 'commander';
import { makeCommand, runCommand } from '../daemon/command.js';
import { localDatabase } from '../daemon/directories.js';
import { daemonCommand } from '../daemon/main.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { clusterOptions, ownerOption, readAddressOwner, readClusterOptions } from '../kube/command_line.js';
import { readInterfaceName } from '../net/interface_name.js';

const command = makeCommand(
  GATEWAY_HELPER,
  'maintain the flows of a gateway node that shares its NIC with OVN',
)
  .requiredOption('--physical-bridge <bridge>', 'the bridge that holds the NIC')
  .requiredOption('--physical-interface <interface>', 'the NIC')
  .addOption(
    new Option(
      '--demux <mode>',
      "how to tell return traffic of pods from the host's (default: port-range if gateway-init set a range)",
    ).choices(['conntrack', 'port-range']),
  )
  .addOption(
    new Option(
      '--flow-channel <channel>',
      'how to send flows to the switch: with ovs-ofctl, or over an OpenFlow session',
    )
      .choices(['ofctl', 'openflow'])
      .default('ofctl'),
  )
  .option('--db <database>', "the local switch's database", localDatabase(process.env))
  .option('--timeout <seconds>', 'how long to wait for the database and the switch at start', '5');
ownerOption(clusterOptions(command));

daemonCommand(command, async (daemon, given) => {
  const cluster = readClusterOptions(given);
  const { runHelper } = await import('../gateway/main.js');
  await runHelper(daemon, {
    bridge: readInterfaceName('--physical-bridge', String(given.physicalBridge)),
    physicalInterface: readInterfaceName('--physical-interface', String(given.physicalInterface)),
    channel: given.flowChannel === 'openflow' ? 'openflow' : 'ofctl',
    demux: given.demux === 'conntrack' || given.demux === 'port-range' ? given.demux : undefined,
    externalAddressOwner: readAddressOwner(given),
    ...cluster,
    db: String(given.db),
    timeoutMs: readMilliseconds(String(given.timeout)),
  });
});

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
