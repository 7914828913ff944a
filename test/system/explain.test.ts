import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { labTest } from '../../lab/lab_test.js';
import { pcapFile } from '../../lab/pcap_file.js';
import { MIX_GATEWAY, trafficMix } from '../../lab/traffic_mix.js';
import { Wire } from '../../lab/wire.js';
import { CLASSES } from '../../src/demux/classes.js';
import { NAMED_ROLES, type NamedRole } from '../../src/demux/port_role.js';
import type { GatewayState } from '../../src/demux/state.js';
import { formatState } from '../../src/demux/state_json.js';
import { demuxFlows } from '../../src/demux/table.js';
import { formatBundle } from '../../src/openflow/bundle.js';
import { type Ofport, parsePort } from '../../src/openflow/ofport.js';
import { frames } from '../demux/frame_arbitraries.js';
import { CONNTRACK, PORT_RANGE } from '../demux/sample.js';

interface Explained {
  readonly packet: number;
  readonly class: string;
  readonly flow: string;
  readonly output: readonly string[];
  readonly agrees?: boolean;
}

/** Frames of every class, and frames that resemble one but have an error. */
const MIX = trafficMix(120);
const ODD = fc.sample(frames, { numRuns: 150, seed: 20_26 }).filter((frame) => frame.length >= 14);

function folderOf(t: ExecutionContext<unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'explain-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function startWire(t: ExecutionContext<unknown>): Promise<Wire> {
  const wire = await Wire.start();
  t.teardown(() => wire.dispose());
  return wire;
}

async function portOf(wire: Wire, name: string): Promise<Ofport> {
  const port = parsePort((await wire.host.vsctl('get', 'Interface', name, 'ofport')).trim());
  if (port === undefined) throw new Error(`${name} has no ofport`);
  return port;
}

function explainedIn(stdout: string): Explained[] {
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Explained]));
}

for (const [mode, demux, states] of [
  ['port-range', PORT_RANGE, ['new']],
  ['conntrack', CONNTRACK, ['new', 'est', 'rel']],
] as const) {
  labTest(`${mode}: explain --verify agrees with the switch on every class, in both families`, async (t) => {
    const wire = await startWire(t);
    const folder = folderOf(t);
    const state: GatewayState = {
      ...MIX_GATEWAY,
      phys: await portOf(wire, 'eth0'),
      patch: await portOf(wire, 'k8s-patch-breth0-br-int'),
      demux,
    };
    writeFileSync(join(folder, 'state'), formatState(state));
    writeFileSync(join(folder, 'flows'), [...formatBundle({ add: demuxFlows(state), remove: [] })].join(''));
    await wire.host.ofctl('-OOpenFlow14', '--bundle', 'add-flows', 'breth0', join(folder, 'flows'));
    await wire.host.ofctl('set-frags', 'breth0', 'nx-match');
    const seen = new Set<string>();
    for (const side of NAMED_ROLES) {
      const made = MIX.filter((one) => one.side === side).map(({ frame }) => frame);
      const path = join(folder, `${side}.pcap`);
      writeFileSync(path, pcapFile([...made, ...ODD]));
      for (const ct of states) {
        const args = ['explain', `--pcap=${path}`, `--in=${side}`, `--state=${join(folder, 'state')}`];
        const { stdout, stderr, exitCode } = await wire.host.run('ovn-k8s-util', [
          ...args,
          `--ct-state=${ct}`,
          '--verify',
          '--json',
        ]);
        const explained = explainedIn(stdout);
        t.deepEqual(
          explained.filter(({ agrees }) => agrees !== true),
          [],
        );
        t.is(explained.length, made.length + ODD.length, stderr);
        t.is(exitCode, 0, stderr);
        for (const one of explained) seen.add(one.class);
      }
    }
    t.deepEqual(
      CLASSES.filter((name) => !seen.has(name)),
      [],
    );
  });
}

labTest('explain asks the running helper, and reports a switch that does something else', async (t) => {
  const wire = await startWire(t);
  await wire.startHelper();
  const explain = (from: NamedRole, ...args: readonly string[]) =>
    wire.host.run('ovn-k8s-util', ['explain', `--in=${from}`, ...args]);
  const words = ['tcp', '198.51.100.1:80', '203.0.113.10:61005'];
  const { stdout, exitCode } = await explain('phys', '--verify', ...words);
  t.is(exitCode, 0);
  t.regex(
    stdout,
    /^1: pod-return\n {2}packet {2}tcp,.*\n {2}flow {4}table=0,.* actions=output:\d+\n {2}output {2}patch\n {2}switch {2}agrees$/,
  );

  const [one] = explainedIn((await explain('phys', '--json', ...words)).stdout);
  t.deepEqual(Object.keys(one ?? {}), ['packet', 'class', 'flow', 'output']);
  t.true(
    (await wire.host.ofctl('dump-flows', '--no-names', '--no-stats', 'breth0')).includes(
      one?.flow.split(' actions=')[1] ?? '-',
    ),
  );

  // A foreign flow with a higher priority, which the helper leaves alone.
  await wire.host.ofctl('add-flow', 'breth0', 'priority=60000,tcp,tp_dst=61005,actions=drop');
  const other = await explain('phys', '--verify', ...words);
  t.is(other.exitCode, 1);
  t.regex(other.stdout, /switch {2}DOES NOT AGREE: .*, dropped/);
  const inJson = await explain('phys', '--verify', '--json', ...words);
  t.is(inJson.exitCode, 1);
  t.is(explainedIn(inJson.stdout)[0]?.agrees, false);
});
