import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { labTest } from '../../lab/lab_test.js';
import { executable } from '../../lab/project.js';
import { Wire } from '../../lab/wire.js';

/** Prints, at the end of a process, which addons it has loaded. */
const HOOK = `process.on('exit', () => {
  const files = [...Object.keys(require.cache), ...process.report.getReport().sharedObjects];
  process._rawDebug('LOADED ' + JSON.stringify(files.filter((file) => /node_modules/.test(file))));
});`;

function hookFile(t: ExecutionContext<unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'loaded-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'hook.cjs');
  writeFileSync(file, HOOK);
  return file;
}

/** Returns the files of npm packages that a process has loaded, from its standard error. */
function loadedOf(stderr: string): unknown {
  return JSON.parse(/^LOADED (.*)$/m.exec(stderr)?.[1] ?? 'null');
}

for (const [name, args] of [
  ['ovn-k8s-util', ['--help']],
  ['ovn-k8s-util', ['explain', '--help']],
  ['ovn-k8s-util', ['doctor', '--help']],
  ['ovn-k8s-overlay', ['gateway-init', '--help']],
  ['ovn-k8s-gateway-helper', ['--version']],
  ['ovn-k8s-cni-overlay', ['--help']],
] as const)
  test(`${[name, ...args].join(' ')} loads neither pcap nor raw-socket`, async (t) => {
    const { stderr } = await execa(process.execPath, ['--require', hookFile(t), executable(name), ...args]);
    t.deepEqual(loadedOf(stderr), []);
  });

labTest('nics-to-bridge --dry-run loads neither pcap nor raw-socket', async (t) => {
  const wire = await Wire.start();
  t.teardown(() => wire.dispose());
  const { exitCode, stdout, stderr } = await wire.host.net.attempt([
    ...[process.execPath, '--require', hookFile(t), executable('ovn-k8s-util')],
    ...['nics-to-bridge', 'wire', '--dry-run', '--datapath-type=netdev'],
  ]);
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /brwire/);
  t.deepEqual(loadedOf(stderr), []);
});
