#!/usr/bin/env node
import { makeCommand, runCommand } from '../daemon/command.js';
import { localDatabase } from '../daemon/directories.js';
import { daemonCommand } from '../daemon/main.js';
import { WATCHER } from '../daemon/programs.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { clusterOptions, readClusterOptions } from '../kube/command_line.js';
import { ProductError, UsageError } from '../net/errors.js';

const command = makeCommand(WATCHER, 'maintain the OVN rows of pods and services')
  .option('--overlay', 'connect pods to logical switches, one for each node')
  .option('--underlay', 'not implemented')
  .option('--openstack', 'not implemented')
  .option('--db <database>', "the local switch's database", localDatabase(process.env))
  .option('--timeout <seconds>', 'how long to wait for the local database at start', '5');
clusterOptions(command);

daemonCommand(command, async (daemon, given) => {
  for (const mode of ['underlay', 'openstack'])
    if (given[mode] === true)
      throw new ProductError('ERR_NOT_IMPLEMENTED', `--${mode} is not implemented; use --overlay`);
  if (given.overlay !== true) throw new UsageError('give the mode: --overlay');
  const cluster = readClusterOptions(given);
  const { runWatcher } = await import('../watcher/main.js');
  await runWatcher(daemon, {
    ...cluster,
    db: String(given.db),
    timeoutMs: readMilliseconds(String(given.timeout)),
  });
});

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
