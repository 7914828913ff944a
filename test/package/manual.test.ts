import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../../lab/project.js';
import { toolTest } from '../../lab/tool_test.js';
import { optionsOf, readCommandLines, subcommandsOf } from '../../packaging/manual/command_table.js';
import { bashCompletion } from '../../packaging/manual/completion.js';
import { inline } from '../../packaging/manual/inline.js';
import { manPages } from '../../packaging/manual/pages.js';
import { sectionsOf } from '../../packaging/manual/roff.js';

const commands = await readCommandLines();
const pages = new Map(
  manPages(commands, { version: '1.2.3', date: '2026-11-28' }).map(({ file, text }) => [file, text]),
);

test('each executable has a man page, and so has each of its commands', (t) => {
  t.deepEqual([...commands.keys()].sort(), [
    'ovn-k8s-cni-overlay',
    'ovn-k8s-gateway-helper',
    'ovn-k8s-node',
    'ovn-k8s-overlay',
    'ovn-k8s-util',
    'ovn-k8s-watcher',
  ]);
  for (const file of ['ovn-k8s-util.8', 'ovn-k8s-util-nics-to-bridge.8', 'ovn-k8s-overlay-gateway-init.8'])
    t.true(pages.has(file), file);
  t.true(pages.has('ovn-k8s-util-explain.1'), 'explain needs no root');
  t.false(pages.has('ovn-k8s-util-keep-unconfirmed.8'), 'is for the product itself');
});

test('a man page has each option of the help, and what the option means', (t) => {
  for (const [name, command] of commands)
    for (const sub of [command, ...subcommandsOf(command)]) {
      const file = sub === command ? name : `${name}-${sub.name()}`;
      const page = pages.get(`${file}.8`) ?? pages.get(`${file}.1`) ?? '';
      const [, options = ''] = page.split('.SH OPTIONS\n');
      for (const { flags, description } of optionsOf(sub)) {
        t.true(options.includes(`\\fB${flags.replaceAll('-', '\\-')}\\fR`), `${file} ${flags}`);
        t.true(options.includes(inline(description)), `${file} ${description}`);
      }
    }
});

test('a man page has the text of its page in docs/', (t) => {
  const page = pages.get('ovn-k8s-gateway-helper.8') ?? '';
  for (const title of readFileSync(join(PROJECT, 'docs/gateway-helper.md'), 'utf8').matchAll(/^## (.*)$/gm))
    t.true(page.includes(`.SH "${title[1]?.toUpperCase()}"`), title[1]);
  t.regex(pages.get('ovn-k8s-util-doctor.8') ?? '', /changes nothing/);
});

test('Markdown becomes roff', (t) => {
  const markdown = `# Title

Text with \`code-x\`, **strong** and [a page](node.md#x).
.hidden, and a \\.

    ovn-k8s-util 'x'

- one
  more

1. first

| key   | meaning | unit |
| ----- | ------- | ---- |
| \`a|b\` | what    | s    |
`.replace('a|b', 'a\\|b');
  t.is(
    sectionsOf(markdown, () => 'ovn-k8s-node(8)'),
    [
      '.SH DESCRIPTION',
      '.PP',
      'Text with \\fBcode\\-x\\fR, \\fBstrong\\fR and a page (ovn-k8s-node(8)).',
      '\\&.hidden, and a \\e.',
      ...['.PP', '.RS 4', '.EX', 'ovn\\-k8s\\-util \\(aqx\\(aq', '.EE', '.RE'],
      ...['.IP \\(bu 2', 'one', 'more', '.IP 1. 4', 'first'],
      ...['.TP', '\\fBa|b\\fR', 'meaning: what', '.br', 'unit: s'],
    ].join('\n'),
  );
});

toolTest(['man'], 'man formats each page without a warning', async (t) => {
  for (const [file, text] of pages) {
    const options = ['--warnings', '--encoding=UTF-8', '--local-file', '-Tutf8', '-Z', '-'];
    const { stderr } = await execa('man', options, {
      input: text,
      env: { LC_ALL: 'C.UTF-8', MANROFFSEQ: '', MANWIDTH: '80' },
    });
    t.is(stderr, '', file);
  }
});

/** Completes a command line in bash, as the words that COMP_WORDBREAKS makes of it. */
async function complete(...words: readonly string[]): Promise<readonly string[]> {
  const script = `${bashCompletion([...commands.values()])}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ovn_k8s; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa('bash', ['-uc', script, 'bash', ...words]);
  return stdout.split('\n');
}

test('bash completes commands, options and values from the table of the help', async (t) => {
  t.deepEqual(await complete('ovn-k8s-util', 'ni'), ['nics-to-bridge']);
  t.deepEqual(await complete('ovn-k8s-overlay', 'gateway-'), ['gateway-init', 'gateway-deinit']);
  t.deepEqual(await complete('/usr/sbin/ovn-k8s-overlay', 'minion-init', '--cni-'), [
    '--cni-conf-dir',
    '--cni-bin-dir',
  ]);
  t.deepEqual(await complete('ovn-k8s-util', 'nics-to-bridge', 'lo'), ['lo']);
  t.deepEqual(await complete('ovn-k8s-util', 'nics-to-bridge', '--dry-run', 'lo'), ['lo']);
  t.deepEqual(await complete('ovn-k8s-util', 'explain', '--in', 'p'), ['phys', 'patch']);
  t.deepEqual(await complete('ovn-k8s-util', 'explain', '--in', '=', 'l'), ['local']);
  t.deepEqual(await complete('ovn-k8s-util', 'explain', '--in', '='), ['phys', 'local', 'patch']);
  t.deepEqual(await complete('ovn-k8s-util', 'explain', '--pcap', '=', '/etc/os-rel'), ['/etc/os-release']);
  t.deepEqual(await complete('ovn-k8s-node', '--kubeconfig', '/etc/os-rel'), ['/etc/os-release']);
  t.deepEqual(await complete('ovn-k8s-node', '--timeout', ''), ['']);
  t.deepEqual(await complete('ovn-k8s-gateway-helper', '--physical-interface', 'lo'), ['lo']);
  t.true((await complete('ovn-k8s-node', '--')).includes('--node-ports'));
});
