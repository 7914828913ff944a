import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../../lab/project.js';
import { VERSION } from '../../src/daemon/version.js';

const RUNDIR = mkdtempSync(join(tmpdir(), 'bin-'));
test.after.always(() => rmSync(RUNDIR, { recursive: true }));

/** Runs an executable from its source, with a run directory of its own. */
function run(name: string, ...args: readonly string[]) {
  const node = [`--import=${import.meta.resolve('tsx')}`, join(PROJECT, `src/bin/${name}.ts`), ...args];
  return execa(process.execPath, node, {
    reject: false,
    env: { CNI_COMMAND: undefined, OVS_RUNDIR: RUNDIR },
  });
}

const COMMANDS = {
  'ovn-k8s-util': ['nics-to-bridge', 'bridge-to-nics', 'confirm', 'explain', 'top', 'audit', 'doctor'],
  'ovn-k8s-overlay': [
    'master-init',
    'minion-init',
    'gateway-init',
    'gateway-deinit',
    'minion-deinit',
    'master-deinit',
  ],
  'ovn-k8s-gateway-helper': ['--physical-bridge', '--physical-interface', '--demux', '--flow-channel'],
  'ovn-k8s-watcher': ['--overlay', '--kubeconfig', '--pidfile'],
  'ovn-k8s-node': ['--node-name', '--node-ports', '--node-port-addresses', '--kubeconfig', '--pidfile'],
  'ovn-k8s-cni-overlay': ['CNI_COMMAND'],
} as const;

for (const [name, words] of Object.entries(COMMANDS))
  test(`${name} --help names its commands and options, and -V its version`, async (t) => {
    const help = await run(name, '--help');
    t.is(help.exitCode, 0, help.stderr);
    for (const word of words) t.true(help.stdout.includes(word), `${word}: ${help.stdout}`);
    const version = await run(name, '-V');
    t.is(version.stdout, `${name} ${VERSION}`);
  });

for (const [name, args, code, message] of [
  ['ovn-k8s-util', [], 2, /give a command/],
  ['ovn-k8s-util', ['nics-to-bridge'], 2, /missing required argument/],
  ['ovn-k8s-util', ['bridge-to-nics', 'breth0', '--datapath-type=netdev'], 2, /unknown option/],
  [
    'ovn-k8s-util',
    ['nics-to-bridge', 'eth0', '--confirm=0'],
    2,
    /--confirm=0: give whole seconds from 1 to 86400/,
  ],
  ['ovn-k8s-util', ['audit', '--seconds=0'], 2, /--seconds=0/],
  ['ovn-k8s-util', ['audit', 'eth0'], 2, /too many arguments/],
  ['ovn-k8s-util', ['top', 'eth0', '--samples=0'], 2, /--samples=0: give a whole number above 0/],
  ['ovn-k8s-util', ['top', 'eth0', '--interval=x'], 2, /--interval=x/],
  ['ovn-k8s-util', ['explain', '--verify', '--count', '--hex=00'], 2, /exclude each other/],
  ['ovn-k8s-overlay', ['gateway-init', '--node-name=n'], 2, /required option/],
  ['ovn-k8s-overlay', ['minion-deinit'], 2, /--node-name/],
  ['ovn-k8s-gateway-helper', ['--physical-bridge=breth0'], 2, /--physical-interface/],
  [
    'ovn-k8s-gateway-helper',
    ['--physical-bridge=breth0', '--physical-interface=eth0', '--demux=both'],
    2,
    /--demux/,
  ],
  [
    'ovn-k8s-util',
    ['nics-to-bridge', '--', '-x'],
    2,
    /interface=-x: is not a valid interface name; give 1 to 15/,
  ],
  ['ovn-k8s-util', ['bridge-to-nics', 'a#b'], 2, /interface=a#b: is not a valid interface name/],
  ['ovn-k8s-util', ['top', 'a"b'], 2, /interface=a"b: is not a valid interface name/],
  [
    'ovn-k8s-gateway-helper',
    ['--physical-bridge=\x1b[2J', '--physical-interface=eth0'],
    2,
    /--physical-bridge=\\u001b\[2J: is not a valid interface name/,
  ],
  [
    'ovn-k8s-gateway-helper',
    ['--physical-bridge=breth0', '--physical-interface=-x'],
    2,
    /--physical-interface=-x: is not a valid/,
  ],
  ['ovn-k8s-watcher', [], 2, /give the mode: --overlay/],
  ['ovn-k8s-watcher', ['--underlay'], 1, /--underlay is not implemented/],
] as const)
  test(`${[name, ...args].join(' ')} is one line and exit code ${code}`, async (t) => {
    const { exitCode, stdout, stderr } = await run(name, ...args);
    t.is(exitCode, code, stderr);
    t.is(stdout, '');
    const errors = stderr.split('\n').filter((line) => line.startsWith(`${name}: `));
    t.is(errors.length, 1, stderr);
    t.regex(errors[0] ?? '', message);
  });
