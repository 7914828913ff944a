import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Node } from '../cluster.js';
import type { Namespace } from '../namespace.js';
import { northboundContents } from '../overlay.js';
import { PRODUCT } from './daemons.js';
import type { FaultStage } from './stage.js';

/** Everything that must be the same after a fault as before it: sorted lines, each naming its host and kind. */
export type Snapshot = readonly string[];

/** Reads all hosts: what runs, files, rows, flows, addresses, rules, and the problems that our daemons have. */
export async function takeSnapshot({ cluster }: FaultStage): Promise<Snapshot> {
  const [nodes, rows, bound] = await Promise.all([
    Promise.all(cluster.nodes.map(nodeLines)),
    northboundContents(cluster),
    cluster.master.host.exec([
      'ovn-sbctl',
      '--bare',
      '--columns=logical_port',
      'find',
      'Port_Binding',
      'up=true',
    ]),
  ]);
  return [
    ...nodes.flat(),
    ...rows.map((row) => `northbound ${row}`),
    ...lines(bound).map((port) => `southbound bound ${port}`),
  ].toSorted();
}

/** Returns `gone LINE` and `new LINE` for what differs. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  return [
    ...without(before, after).map((line) => `gone ${line}`),
    ...without(after, before).map((line) => `new ${line}`),
  ];
}

function without(lines: Snapshot, others: Snapshot): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}

async function nodeLines(node: Node): Promise<string[]> {
  const { host } = node;
  // First: what reads the rest runs in the same namespace.
  const processes = await processesOf(node);
  const [files, ports, settings, links, routes, rules, tables, flows, problems] = await Promise.all([
    filesUnder(host.dir),
    host.vsctl('--format=json', '--columns=name,type,options,external_ids', 'list', 'Interface'),
    host.vsctl('--format=json', '--columns=external_ids', 'list', 'Open_vSwitch'),
    host.exec(['ip', '-br', 'addr']),
    host.exec(['sh', '-c', 'ip route; ip -6 route show proto static; ip -6 route show default']),
    host.exec(['ip', 'rule']),
    host.exec(['nft', '--stateless', 'list', 'ruleset']),
    host.net.attempt(['ovs-ofctl', '-OOpenFlow14', '--names', '--no-stats', 'dump-flows', 'breth0']),
    Promise.all(Object.values(PRODUCT).map((program) => problemsOf(node, program))),
  ]);
  const kinds: [string, readonly string[]][] = [
    ['process', processes],
    ['file', files],
    ['port', JSON.parse(ports).data.map((row: unknown) => JSON.stringify(row))],
    ['setting', JSON.parse(settings).data.map((row: unknown) => JSON.stringify(row))],
    ['address', lines(links).map(withoutPeer)],
    ['route', lines(routes)],
    ['rule', lines(rules)],
    ['nft', lines(tables)],
    ['flow', lines(flows.stdout).slice(1)],
    ['problem', problems.flat()],
  ];
  return kinds.flatMap(([kind, all]) => all.map((line) => `${host.label} ${kind} ${line.trim()}`));
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/**
 * `eth0@if7` is `eth0`. A TAP device that was made again has another link-local address, and a device that is up is
 * `UNKNOWN` until its carrier was lost once, and `UP` from then on.
 */
function withoutPeer(line: string): string {
  return line
    .replace(/@\S+/, '')
    .replace(' UNKNOWN ', ' UP ')
    .replaceAll(/ fe80::\S+/g, '')
    .replaceAll(/ +/g, ' ');
}

/** Returns the command of each process in the host's namespace. */
async function processesOf({ host }: Node): Promise<string[]> {
  const pids = lines(await host.exec(['ip', 'netns', 'pids', host.net.name]));
  const commands = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return text.split('\0').slice(0, 3).join(' ').trim();
    }),
  );
  return (
    commands
      .filter((command) => command !== '' && !command.startsWith('ip '))
      // `ovs-vswitchd: monitoring pid 77 (1 crashes: pid 66 died, …)`
      .map((command) => command.replace(/(: monitoring pid) .*/, '$1'))
  );
}

/** Returns the files of a host. A daemon of Open vSwitch that was killed leaves a control socket with its process ID. */
async function filesUnder(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    // A file that is only locked stays, as those of Open vSwitch do.
    .filter((file) => !file.startsWith('kube/') && !/\.(lock|~lock~)$/.test(file));
  return [
    ...new Set(
      files.map((file) => file.replace(/^(.*\/(ovs|ovn-(controller|northd))[^/]*\.)\d+\.ctl$/, '$1PID.ctl')),
    ),
  ].map((file) => file.replace(/\.\d+\.ctl$/, '.PID.ctl'));
}

/** Returns the problems that a daemon reports, if it runs on this host. One that runs and reports nothing has one. */
export async function problemsOf(
  { host }: { readonly host: { readonly rundir: string; readonly net: Pick<Namespace, 'attempt'> } },
  program: string,
): Promise<string[]> {
  const { exitCode, stdout } = await host.net.attempt([
    'ovs-appctl',
    '--timeout=5',
    '-t',
    program,
    'status',
    '--json',
  ]);
  if (exitCode !== 0)
    return existsSync(join(host.rundir, `${program}.pid`)) ? [`${program}: reports no status`] : [];
  const { problems = [] } = JSON.parse(stdout) as { problems?: readonly string[] };
  return problems.map((problem) => `${program}: ${problem}`);
}
