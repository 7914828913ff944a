// Runs the demo and the tests on Debian releases, and writes docs/versions.md from what they print.
//   versions.mjs [SUITE...]   bookworm, trixie and sid when none is given: some 15 minutes each
// Each release gets a fresh tree (scripts/debian). A release that is not run keeps the row that it has.
import { readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';

const PAGE = 'docs/versions.md';
const [BEGIN, END] = ['<!-- written by scripts/versions.mjs -->', '<!-- end -->'];
const HEADINGS = [
  'Debian',
  'OVS',
  'OVN',
  'Node.js, npm',
  'iproute2',
  'DHCP client',
  'first demo',
  'second demo',
  '`npm test`',
  'time',
  'run',
];
/** A user who runs the demo first has no API server. */
const WITHOUT_API_SERVER = ['env', 'XDG_CACHE_HOME=/root/empty'];

const suites = process.argv.slice(2);
for (const suite of suites.length === 0 ? ['bookworm', 'trixie', 'sid'] : suites) {
  const { exitCode } = await inside(suite, '--fresh')('true');
  if (exitCode === 0) write(suite, await run(suite));
  else fail(`there is no tree of ${suite}; its row stays as it is`);
}
await execa('npx', ['biome', 'format', '--write', PAGE]);

function fail(why) {
  console.error(`versions: ${why}`);
  process.exitCode = 1;
}

async function run(suite) {
  const first = await timed(() => inside(suite)(...WITHOUT_API_SERVER, 'npm', 'run', '--silent', 'demo'));
  const second = await timed(() => inside(suite)(...WITHOUT_API_SERVER, 'npm', 'run', '--silent', 'demo'));
  const tests = await timed(() => inside(suite)('npm', 'test', '--silent'));
  const counts = tests.output.findLast((line) => /^\d+ passed, \d+ failed, \d+ skipped$/.test(line));
  const facts = await factsOf(suite);
  const { stdout: commit } = await execa('git', ['rev-parse', '--short', 'HEAD']);
  const day = new Date().toISOString().slice(0, 10);
  return {
    cells: [
      `${suite} (${facts.debian})`,
      facts['openvswitch-switch'],
      facts['ovn-central'],
      `${facts.node}, ${facts.npm}`,
      facts.iproute2,
      facts['isc-dhcp-client'] ? `dhclient ${facts['isc-dhcp-client']}` : `dhcpcd ${facts['dhcpcd-base']}`,
      outcome(first),
      outcome(second),
      counts ?? 'not counted',
      `${Math.round(tests.seconds)} s`,
      `${day}, ${commit}, Linux ${facts.kernel}`,
    ],
    named: tests.output.filter((line) => /^(skipped|failed): /.test(line)),
  };
}

/** Returns a function that runs a command in the tree of a release and resolves with the lines that it printed. */
function inside(suite, ...options) {
  return async (...command) => {
    const { all, exitCode } = await execa('scripts/debian', [...options, suite, ...command], {
      all: true,
      reject: false,
      stdin: 'ignore',
      stdout: ['pipe', 'inherit'],
      stderr: ['pipe', 'inherit'],
    });
    return { output: all.split('\n'), exitCode };
  };
}

async function timed(task) {
  const began = performance.now();
  return { ...(await task()), seconds: (performance.now() - began) / 1000 };
}

function outcome({ exitCode, seconds }) {
  return exitCode === 0 ? `${Math.round(seconds)} s` : `failed with ${exitCode}`;
}

/** Reads which versions the tree has: of packages by their names, upstream's part only. */
async function factsOf(suite) {
  const read = async (...command) => {
    const { stdout } = await execa('scripts/debian', [suite, ...command], {
      reject: false,
      stderr: 'ignore',
    });
    return stdout.trim();
  };
  const packages = ['openvswitch-switch', 'ovn-central', 'iproute2', 'isc-dhcp-client', 'dhcpcd-base'];
  const installed = await read('dpkg-query', '-W', ...packages);
  return {
    ...Object.fromEntries(
      installed.split('\n').map((line) => {
        const [name, version = ''] = line.split('\t');
        return [name, version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')];
      }),
    ),
    debian: await read('cat', '/etc/debian_version'),
    node: await read('node', '--version'),
    npm: await read('npm', '--version'),
    kernel: await read('uname', '-r'),
  };
}

/** Puts the row of a release, and what was skipped or failed there, in place of the former. */
function write(suite, { cells, named }) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const [table, after] = rest.split(END);
  const kept = table.split('\n').filter((line) => isOfRelease(line) && !isOf(suite, line));
  const rows = [...kept.filter((line) => line.startsWith('|')), `| ${cells.join(' | ')} |`];
  const notes = [
    ...kept.filter((line) => line.startsWith('-')),
    ...named.map((line) => `- ${suite}: ${line}`),
  ];
  const lines = [`| ${HEADINGS.join(' | ')} |`, `|${' --- |'.repeat(HEADINGS.length)}`, ...rows.toSorted()];
  writeFileSync(
    PAGE,
    [before, BEGIN, '\n\n', [...lines, '', ...notes].join('\n').trim(), '\n\n', END, after].join(''),
  );
}

function isOfRelease(line) {
  return /^(\| [a-z]+ \(|- [a-z]+: )/.test(line);
}

function isOf(suite, line) {
  return line.startsWith(`| ${suite} (`) || line.startsWith(`- ${suite}: `);
}
