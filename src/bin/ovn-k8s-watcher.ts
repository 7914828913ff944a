#!/usr/bin/env node
import { makeCommand, runCommand } from '../daemon/command.js';
import { localDatabase } from '../daemon/directories.js';
import { daemonCommand } from '../daemon/main.js';
import { WATCHER } from '../daemon/programs.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { ProductError, UsageError } from '../net/errors.js';

const command = makeCommand(WATCHER, "make OVN's rows of Kubernetes' pods and services")
  .option('--overlay', 'pods are on logical switches of their own, one a node')
  .option('--underlay', 'not implemented')
  .option('--openstack', 'not implemented')
  .option('--kubeconfig <file>', 'how to reach the API server (default: what external_ids say)')
  .option('--db <database>', 'the local switch', localDatabase(process.env))
  .option('--timeout <seconds>', 'how long the local database may take at start', '5');

daemonCommand(command, async (daemon, given) => {
  for (const mode of ['underlay', 'openstack'])
    if (given[mode] === true)
      throw new ProductError('ERR_NOT_IMPLEMENTED', `--${mode} is not implemented; use --overlay`);
  if (given.overlay !== true) throw new UsageError('give the mode: --overlay');
  const { runWatcher } = await import('../watcher/main.js');
  await runWatcher(daemon, {
    db: String(given.db),
    timeoutMs: readMilliseconds(String(given.timeout)),
    kubeconfig: given.kubeconfig === undefined ? undefined : String(given.kubeconfig),
  });
});

const code = await runCommand(command, process.argv);
if (code !== 0) process.exitCode = code;
