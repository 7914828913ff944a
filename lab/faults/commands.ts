import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Node } from '../cluster.js';
import { CniPlugin, makeSandbox } from '../cni.js';
import { podManifest } from '../manifests.js';
import { killNamespace } from '../namespace.js';
import { cniDirectories, gatewayInit, minionInit, overlayWell } from '../overlay.js';
import { executable, PROJECT } from '../project.js';
import type { Fault } from './fault.js';

/** A command that hangs or repeats its work forever would have more changes. */
const MOST_CHANGES = 40;
/** The plugin is killed after each of these times, in milliseconds: an ADD takes some 100 ms. */
const PLUGIN_KILLS = [30, 80, 140, 240];
/** A tool that looks is killed after each of these times, in milliseconds. */
const TOOL_KILLS = [100, 300, 600];

const THERE = ['nics-to-bridge', 'eth0'];
const BACK = ['bridge-to-nics', 'breth0'];
const UTIL = 'ovn-k8s-util';
const OVERLAY = 'ovn-k8s-overlay';

/** Commands that are killed before each of their changes, or that run twice at once. */
export const COMMAND_FAULTS: readonly Fault[] = [
  {
    name: 'nics-to-bridge killed',
    subject: 'commands',
    what: '`nics-to-bridge` and `bridge-to-nics` of a host are killed (SIGKILL) before each of their changes, and run again.',
    promise: 'The host is cut from the kill to the end of the same command.',
    mayCutMs: { management: 10_000 },
    lastsMs: 0,
    inject: async (stage) => {
      const host = stage.node('e1');
      await killedEverywhere(host, UTIL, THERE, { after: () => well(host, UTIL, BACK) });
      await well(host, UTIL, THERE);
      await killedEverywhere(host, UTIL, BACK, { after: () => well(host, UTIL, THERE) });
    },
    heal: (stage) => well(stage.node('e1'), UTIL, BACK),
  },
  {
    name: 'two nics-to-bridge at once',
    subject: 'commands',
    what: 'Two `nics-to-bridge eth0` start at the same moment, and after them two `bridge-to-nics breth0`.',
    promise: 'The NIC moves once, there and back.',
    lastsMs: 500,
    inject: (stage) => twice(stage.node('e1'), THERE),
    heal: (stage) => twice(stage.node('e1'), BACK),
  },
  {
    name: 'gateway-init killed',
    subject: 'commands',
    what: '`gateway-init` and `gateway-deinit` of a second gateway are killed (SIGKILL) before each of their changes, and run again.',
    promise: 'The first gateway serves as before.',
    lastsMs: 0,
    inject: async (stage) => {
      const host = stage.node('e1');
      await well(host, UTIL, THERE);
      const deinit = ['gateway-deinit', '--node-name=e1'];
      await killedEverywhere(host, OVERLAY, gatewayInit(host), { after: () => well(host, OVERLAY, deinit) });
      await overlayWell(host, ...gatewayInit(host));
      await killedEverywhere(host, OVERLAY, deinit, { after: () => overlayWell(host, ...gatewayInit(host)) });
      await well(host, OVERLAY, deinit);
    },
    heal: (stage) => well(stage.node('e1'), UTIL, BACK),
  },
  {
    name: 'minion-init killed',
    subject: 'commands',
    what: '`minion-init` and `minion-deinit` of a new node are killed (SIGKILL) before each of their changes, and run again.',
    promise: 'The other nodes work as before.',
    lastsMs: 0,
    inject: async (stage) => {
      const host = stage.node('e1');
      const deinit = ['minion-deinit', '--node-name=e1', ...cniDirectories(host)];
      const init = minionInit(host, 4);
      await well(host, UTIL, THERE);
      await killedEverywhere(host, OVERLAY, init, { after: () => well(host, OVERLAY, deinit) });
      await well(host, OVERLAY, init);
      await killedEverywhere(host, OVERLAY, deinit, { after: () => well(host, OVERLAY, init) });
      await well(host, OVERLAY, deinit);
    },
    heal: (stage) => well(stage.node('e1'), UTIL, BACK),
  },
  {
    name: 'CNI plugin killed',
    subject: 'commands',
    what: `\`ovn-k8s-cni-overlay\` is killed (SIGKILL) during ADD and during DEL, ${PLUGIN_KILLS.length} times each, and runs again.`,
    promise: 'The next ADD and DEL succeed.',
    lastsMs: 0,
    inject: async ({ cluster, kubernetes, gateway }) => {
      const { net, ...sandbox } = await makeSandbox(cluster.lab, 'killed');
      const plugin = new CniPlugin(gateway.host);
      await kubernetes.apply(podManifest('killed', gateway.host.label));
      await plugin.add(sandbox);
      for (const verb of ['DEL', 'ADD'] as const)
        for (const ms of PLUGIN_KILLS) {
          const running = plugin.start(verb, sandbox);
          await pause(ms);
          await running.stop('SIGKILL');
          if (verb === 'DEL') await plugin.add(sandbox);
          else await plugin.run('DEL', sandbox);
        }
      await plugin.run('DEL', sandbox);
      await kubernetes.kubectl('delete', 'pod', 'killed', '--force', '--grace-period=0');
      killNamespace(net.name);
    },
    heal: async () => undefined,
  },
  {
    name: 'tools killed',
    subject: 'commands',
    what: '`doctor`, `audit`, `top` and `explain` of the gateway are killed (SIGKILL) at several moments.',
    promise: 'They only look.',
    lastsMs: 0,
    inject: async ({ gateway }) => {
      const tools = [['doctor'], ['audit'], ['top', 'breth0'], ['explain', 'breth0', 'in_port=eth0,icmp']];
      for (const args of tools)
        for (const ms of TOOL_KILLS) {
          const running = gateway.host.spawn(UTIL, args);
          await pause(ms);
          await running.stop('SIGKILL');
        }
    },
    heal: async () => undefined,
  },
];

/**
 * Kills a command before its first change, completes it, undoes it by `after`, and so on with its second change until
 * the command ends by itself.
 */
async function killedEverywhere(
  node: Node,
  program: string,
  args: readonly string[],
  { after }: { readonly after: () => Promise<unknown> },
): Promise<void> {
  for (let at = 1; ; at++) {
    if (at > MOST_CHANGES) throw new Error(`${program} ${args[0]} makes more than ${MOST_CHANGES} changes`);
    const preload = `--import=${join(PROJECT, 'lab/kill_before.mjs')}`;
    const { exitCode, stderr } = await node.host.net.attempt([
      ...['env', `KILL_BEFORE=${at}`, process.execPath, preload, executable(program), ...args],
    ]);
    const wasKilled = (stderr.match(/^change \d+: /gm)?.length ?? 0) === at;
    if (!wasKilled && exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
    if (wasKilled) await completed(node, program, args);
    await after();
    if (!wasKilled) return;
  }
}

/** Runs a command again that was killed. It may find that nothing is left to do. */
async function completed(node: Node, program: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await node.host.run(program, args);
  if (exitCode !== 0 && !stderr.includes('there is no bridge breth0'))
    throw new Error(`${program} ${args.join(' ')} exited with ${exitCode}: ${stderr}`);
}

async function twice({ host }: Node, args: readonly string[]): Promise<void> {
  const outcomes = await Promise.all([host.run(UTIL, args), host.run(UTIL, args)]);
  if (outcomes.every(({ exitCode }) => exitCode !== 0))
    throw new Error(`both ${args.join(' ')} failed: ${outcomes.map(({ stderr }) => stderr).join(' / ')}`);
}

async function well({ host }: Node, program: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run(program, args);
  if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${exitCode}: ${stderr}`);
}
