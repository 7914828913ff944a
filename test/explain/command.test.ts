import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { pcapFile } from '../../lab/pcap_file.js';
import { PROJECT } from '../../lab/project.js';
import { MIX_GATEWAY, trafficMix } from '../../lab/traffic_mix.js';
import { CLASSES } from '../../src/demux/classes.js';
import { formatState } from '../../src/demux/state_json.js';

const MIX = trafficMix(400).filter(({ side }) => side === 'phys');
const FRAMES = MIX.map(({ frame }) => frame);

function folderOf(t: ExecutionContext<unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'explain-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'state'), formatState(MIX_GATEWAY));
  writeFileSync(join(folder, 'mix.pcap'), pcapFile(FRAMES));
  return folder;
}

function util(folder: string, ...args: readonly string[]) {
  const node = [
    `--import=${import.meta.resolve('tsx')}`,
    join(PROJECT, 'src/bin/ovn-k8s-util.ts'),
    'explain',
    ...args,
  ];
  return execa(process.execPath, node, { cwd: folder, reject: false, env: { OVS_RUNDIR: folder } });
}

test('each packet of a capture is one JSON object of four facts', async (t) => {
  const folder = folderOf(t);
  const { stdout, exitCode } = await util(folder, '--pcap=mix.pcap', '--state=state', '--json');
  t.is(exitCode, 0);
  const objects: Record<string, unknown>[] = stdout.split('\n').map((line) => JSON.parse(line));
  t.deepEqual(
    objects.map((one) => one.class),
    MIX.map((one) => one.class),
  );
  t.deepEqual(Object.keys(objects[0] ?? {}), ['packet', 'class', 'flow', 'output']);
  t.deepEqual(
    objects.map((one) => one.packet),
    MIX.map((_, i) => i + 1),
  );
  const returned = objects.find((one) => one.class === 'pod-return');
  t.deepEqual(returned?.output, ['patch']);
});

test('--count has packets and bytes of each class', async (t) => {
  const folder = folderOf(t);
  const { stdout } = await util(folder, '--pcap=mix.pcap', '--state=state', '--count', '--json');
  const counts: Record<string, { packets: number; bytes: number }> = JSON.parse(stdout);
  t.deepEqual(Object.keys(counts), [...CLASSES, 'truncated']);
  for (const name of CLASSES) {
    const made = MIX.filter((one) => one.class === name);
    const bytes = made.reduce((sum, { frame }) => sum + frame.length, 0);
    t.deepEqual(counts[name], { packets: made.length, bytes }, name);
  }
  const text = (await util(folder, '--pcap=mix.pcap', '--state=state', '--count')).stdout;
  t.is(text.split('\n').length, CLASSES.length + 2);
});

test('an ICMP error is shown with the packet that it quotes, and a cut packet as truncated', async (t) => {
  const folder = folderOf(t);
  const error =
    MIX.find(({ class: name, frame }) => name === 'icmp' && frame[34] === 3)?.frame ?? Buffer.alloc(0);
  const { stdout } = await util(folder, `--hex=${error.toString('hex')}`, '--state=state');
  t.regex(
    stdout,
    /^1: icmp\n {2}packet {2}icmp,.*\n {2}about {3}tcp,nw_src=203\.0\.113\.10,.*tp_src=61001,tp_dst=443\n/,
  );
  writeFileSync(join(folder, 'short.pcap'), pcapFile(FRAMES, { snapLength: 20 }));
  const cut = await util(folder, '--pcap=short.pcap', '--state=state', '--json');
  t.is(cut.exitCode, 0);
  t.true(cut.stdout.includes('{"packet":1,"class":"truncated","flow":null,"output":[]}'));
});

test('an input that cannot be read is one line and exit code 1, after the packets before it', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'cut.pcap'), pcapFile(FRAMES).subarray(0, -7));
  writeFileSync(join(folder, 'raw.pcap'), pcapFile(FRAMES, { linkType: 12 }));
  writeFileSync(join(folder, 'text'), 'no capture, but longer than the header of one');
  const cut = await util(folder, '--pcap=cut.pcap', '--state=state', '--json');
  t.is(cut.stdout.split('\n').length, FRAMES.length - 1);
  const words = ['tcp', '192.0.2.1:1', '192.0.2.2:2'];
  for (const [outcome, message] of [
    [cut, /cut\.pcap is cut off, or damaged, after packet \d+$/],
    [await util(folder, '--pcap=cut.pcap', '--state=state', '--count'), /cut off/],
    [await util(folder, '--pcap=raw.pcap', '--state=state'), /raw\.pcap is a capture of another link/],
    [await util(folder, '--pcap=text', '--state=state'), /text is not a capture/],
    [await util(folder, '--pcap=none', '--state=state'), /none is not a capture/],
    [await util(folder, '--state=text', ...words), /state of the gateway is not JSON/],
    [await util(folder, '--state=none', ...words), /--state=none cannot be read/],
    [await util(folder, ...words), /there is no .*ovn-k8s-gateway-helper\.pid/],
    [await util(folder, '--state=state', '--verify', ...words), /there is no .*ovs-vswitchd\.pid/],
  ] as const) {
    t.is(outcome.exitCode, 1, outcome.stderr);
    t.regex(outcome.stderr, message);
    t.is(outcome.stderr.split('\n').length, 1, outcome.stderr);
  }
});

test('a wrong command line is exit code 2', async (t) => {
  const folder = folderOf(t);
  for (const args of [
    [],
    ['--hex=0'],
    ['--hex=xx'],
    ['tcp'],
    ['--hex=00', '--pcap=x'],
    ['--in=eth0', '--hex=00'],
  ]) {
    const { exitCode, stderr } = await util(folder, '--state=state', ...args);
    t.is(exitCode, 2, args.join(' '));
    t.is(stderr.split('\n').length, 1, stderr);
  }
});

test('a reader that closes the pipe ends it without an error', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'long.pcap'), pcapFile(Array.from({ length: 40 }, () => FRAMES).flat()));
  const running = util(folder, '--pcap=long.pcap', '--state=state');
  running.stdout.once('data', () => running.stdout.destroy());
  const { exitCode, stderr } = await running;
  t.is(exitCode, 0, stderr);
  t.is(stderr, '');
});
