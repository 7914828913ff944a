import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { executable } from '../../lab/project.js';

const RUNDIR = mkdtempSync(join(tmpdir(), 'argv-'));
test.after.always(() => rmSync(RUNDIR, { recursive: true }));

const OPTIONS = [
  ...[
    '--db',
    '--timeout',
    '--pidfile',
    '--overwrite-pidfile',
    '--log-file',
    '-v',
    '--verbose',
    '--unixctl',
    '--no-chdir',
  ],
  ...['--kubeconfig', '--demux', '--flow-channel', '--physical-bridge', '--physical-interface', '--overlay'],
  ...[
    '--external-ip-cidrs',
    '--cluster-ip-subnet',
    '--node-name',
    '--physical-ip',
    '--default-gw',
    '--snat-port-range',
  ],
  ...[
    '--rampout-ip-subnets',
    '--bridge-interface',
    '--sysctl-dir',
    '--cni-conf-dir',
    '--minion-switch-subnet',
  ],
  ...[
    '--hex',
    '--pcap',
    '--in',
    '--dl-src',
    '--state',
    '--seconds',
    '--interval',
    '--samples',
    '--capture',
    '--dry-run',
  ],
];
const COMMANDS = [
  ...['nics-to-bridge', 'bridge-to-nics', 'explain', 'top', 'audit'],
  ...['master-init', 'minion-init', 'gateway-init', 'gateway-deinit', 'minion-deinit', 'master-deinit'],
];
const value = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '-',
    '--',
    '-x',
    '0',
    '-1',
    '1e9',
    'NaN',
    '203.0.113.10/24',
    '::/0',
    '999.1.1.1',
    '61000-65535',
    'eth0',
    'a#b',
  ),
  fc.constantFrom(
    'none',
    'unix:',
    'tcp:[::1:6640',
    '\x1b]0;owned\x07',
    'a\nb',
    '\u202e',
    '%s%n',
    '__proto__',
    'constructor',
    'x'.repeat(60_000),
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const argument = fc.oneof(
  { arbitrary: fc.constantFrom(...COMMANDS, ...OPTIONS), weight: 3 },
  {
    arbitrary: fc.tuple(fc.constantFrom(...OPTIONS), value).map(([option, text]) => `${option}=${text}`),
    weight: 3,
  },
  { arbitrary: value, weight: 2 },
);
// A NUL ends an argument.
const argv = fc
  .array(argument, { minLength: 1, maxLength: 8 })
  .map((args) => args.map((one) => one.replaceAll('\0', '')));

const PROGRAMS = [
  'ovn-k8s-util',
  'ovn-k8s-overlay',
  'ovn-k8s-gateway-helper',
  'ovn-k8s-watcher',
  'ovn-k8s-node',
  'ovn-k8s-cni-overlay',
];

for (const program of PROGRAMS)
  test(`whatever the arguments of ${program} are, it ends with an exit code and a few lines that a terminal can show`, async (t) => {
    t.timeout(180_000);
    await fc.assert(
      fc.asyncProperty(argv, async (args) => {
        const { exitCode, stderr, timedOut } = await execa(
          process.execPath,
          [executable(program), ...args, ...(program === 'ovn-k8s-cni-overlay' ? [] : ['--timeout=0.1'])],
          {
            reject: false,
            stdin: 'ignore',
            timeout: 30_000,
            cwd: RUNDIR,
            env: { CNI_COMMAND: undefined, OVS_RUNDIR: RUNDIR, OVS_LOGDIR: RUNDIR, OVS_SYSCONFDIR: RUNDIR },
          },
        );
        const said = JSON.stringify({
          args: args.map((one) => one.slice(0, 40)),
          exitCode,
          stderr: stderr.slice(0, 2_000),
        });
        t.false(timedOut, said);
        t.true(exitCode === 0 || exitCode === 1 || exitCode === 2, said);
        t.false(/^\s+at /m.test(stderr), said);
        t.true(stderr.length < 10_000 && stderr.split('\n').length < 20, said);
        t.false(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u.test(stderr), said);
        if (exitCode !== 0) t.true(stderr.includes(`${program}: `), said);
      }),
      { numRuns: 30 },
    );
  });
