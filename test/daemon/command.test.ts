import test from 'ava';
import { execa } from 'execa';
import { executable } from '../../lab/project.js';
import { VERSION } from '../../src/daemon/version.js';

const HELPER = 'ovn-k8s-gateway-helper';
const run = (program: string, ...args: readonly string[]) =>
  execa(process.execPath, [executable(program), ...args], { reject: false, stdin: 'ignore' });
const required = ['--physical-bridge=breth0', '--physical-interface=eth0'];

for (const program of [HELPER, 'ovn-k8s-util']) {
  test(`${program} -h and -V print to standard output and exit with 0`, async (t) => {
    for (const flag of ['-V', '--version']) {
      t.like(await run(program, flag), { exitCode: 0, stdout: `${program} ${VERSION}`, stderr: '' });
    }
    for (const flag of ['-h', '--help']) {
      const { exitCode, stdout, stderr } = await run(program, flag);
      t.is(exitCode, 0);
      t.true(stdout.startsWith(`Usage: ${program}`));
      t.is(stderr, '');
    }
  });
}

/** For mistakes that are found after the daemon has begun to log. */
const quiet = '-vconsole:off';

const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /required option '--physical-bridge <bridge>' not specified/],
  [[...required, '--nonsense'], /unknown option '--nonsense'/],
  [[...required, '-vgateway:loud'], /"gateway:loud" is not \[MODULE\]\[:FACILITY\]\[:LEVEL\]/],
  [[...required, '--demux=luck'], /Allowed choices are conntrack, port-range/],
  [[...required, quiet, '--timeout=x'], /--timeout=x: give a number of seconds/],
  [[...required, quiet, '--db=nonsense'], /"nonsense" is not a database/],
  [[...required, quiet, '--detach', '--db=nonsense'], /"nonsense" is not a database/],
  [[...required, 'breth0'], /too many arguments/],
];
for (const [args, message] of wrong) {
  test(`a wrong command line causes one line on standard error and exit code 2: ${args.join(' ')}`, async (t) => {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [executable(HELPER), ...args], {
      reject: false,
      env: { OVS_RUNDIR: '/tmp' },
    });
    t.regex(stderr, message);
    t.true(stderr.startsWith(`${HELPER}: `), stderr);
    t.is(stderr.split('\n').length, 1);
    t.is(stdout, '');
    t.is(exitCode, 2);
  });
}

test('an argument with terminal escapes is named on one line of standard error, escaped and cut', async (t) => {
  const { exitCode, stderr } = await run(HELPER, ...required, `--\x1b[2J${'x'.repeat(100_000)}\u202e`);
  t.is(exitCode, 2);
  t.regex(
    stderr,
    /^ovn-k8s-gateway-helper: unknown option '--\\u001b\[2Jx+…x+\\u202e' \(use --help for help\)$/,
  );
  t.true(stderr.length < 400, String(stderr.length));
});
