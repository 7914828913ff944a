import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Flood } from '../../lab/flood.js';
import { arp, icmp, laterFragment, transport } from '../../lab/frames.js';
import { labTest } from '../../lab/lab_test.js';
import { executable } from '../../lab/project.js';
import { IP, MAC, OTHER_MAC, OUTSIDE, ROUTER_MAC, Wire } from '../../lab/wire.js';
import type { Demux, NodePort } from '../../src/demux/state.js';
import { demuxFlows, nodePortFlows } from '../../src/demux/table.js';
import { parseMac } from '../../src/net/mac.js';
import { formatCookie } from '../../src/openflow/cookie.js';
import { CONNTRACK, GATEWAY, PORT_RANGE } from '../demux/sample.js';

const NODE_PORT: NodePort = { protocol: 'tcp', port: 30_080 };
const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');
const link = { dst: MAC, src: ROUTER_MAC };
const rest = Buffer.alloc(12);

/** A frame of each class that can arrive, in both families if the class has both. */
const MIX: readonly Buffer[] = [
  ...([4, 6] as const).flatMap((f) => {
    const ip = { src: OUTSIDE[f], dst: IP[f] };
    return [
      transport(link, ip, 'udp', { src: 9, dst: 6081 }, rest),
      transport(link, ip, 'tcp', { src: 443, dst: 61_001 }, rest),
      transport(link, ip, 'tcp', { src: 50_000, dst: NODE_PORT.port }, rest),
      transport(link, ip, 'udp', { src: 50_000, dst: 123 }, rest),
      laterFragment(link, ip, rest),
      icmp(link, ip, f === 4 ? 8 : 128, rest),
      icmp(link, ip, f === 4 ? 0 : 129, rest),
    ];
  }),
  arp({ dst: BROADCAST, src: ROUTER_MAC }, 1, ROUTER_MAC, OUTSIDE[4], IP[4], rest),
  arp({ dst: MAC, src: ROUTER_MAC }, 2, ROUTER_MAC, OUTSIDE[4], IP[4], rest),
  arp({ dst: BROADCAST, src: ROUTER_MAC }, 1, ROUTER_MAC, OUTSIDE[4], OUTSIDE[4], rest),
  transport(
    { dst: BROADCAST, src: ROUTER_MAC },
    { src: OUTSIDE[4], dst: OUTSIDE[4] },
    'udp',
    { src: 67, dst: 68 },
    rest,
  ),
  transport(
    { dst: OTHER_MAC, src: ROUTER_MAC },
    { src: OUTSIDE[4], dst: OUTSIDE[4] },
    'tcp',
    { src: 1, dst: 2 },
    rest,
  ),
];
/** Packets per second, far below the capacity of the userspace datapath. */
const RATE = 2_000;

let wire: Wire;
let flood: Flood;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  wire = await Wire.start();
  flood = await Flood.build(wire.lab);
  // The API server does not answer, so the helper keeps the flows of services as they are on the switch.
  await wire.host.vsctl('set', 'Open_vSwitch', '.', 'external_ids:k8s-api-server="http://127.0.0.1:9"');
});
test.after.always(() => wire?.dispose());

/** Starts the helper on a switch that has the flows of one node port. */
async function startHelper(demux: Demux): Promise<void> {
  for (const { cookie, key, text } of nodePortFlows({ ...GATEWAY, mac: MAC, addresses: [IP[4], IP[6]] })(
    NODE_PORT,
  ))
    await wire.host.ofctl(
      'add-flow',
      'breth0',
      `cookie=${formatCookie(cookie)},${key},${text.slice(key.length + 1)}`,
    );
  await wire.startHelper(`--demux=${demux.mode}`);
}

function util(...args: readonly string[]) {
  return wire.host.run('ovn-k8s-util', args);
}

/** Runs a tool while frames of every class arrive. */
async function inTraffic<T>(run: () => Promise<T>, seconds = 6): Promise<T> {
  const sending = flood.send(wire.host.net, 'wire', seconds * RATE, MIX, RATE);
  const outcome = await run();
  await sending;
  return outcome;
}

for (const demux of [PORT_RANGE, CONNTRACK]) {
  labTest(
    `audit, ${demux.mode}: a gateway with the right flows delivers every packet that arrives`,
    async (t) => {
      await startHelper(demux);
      const { exitCode, stdout, stderr } = await inTraffic(() => util('audit', '--seconds=2', '--json'));
      t.is(exitCode, 0, stdout + stderr);
      const { agrees, classes } = JSON.parse(stdout) as {
        agrees: boolean;
        classes: { class: string; arrivedAtLeast: number; delivered: number }[];
      };
      t.true(agrees);
      const silent = classes.filter((one) => one.arrivedAtLeast === 0 || one.delivered === 0);
      t.deepEqual(
        silent.map((one) => one.class),
        ['external'],
        stdout,
      );
    },
  );

  labTest(`audit, ${demux.mode}: a foreign flow that takes packets of a class first is found`, async (t) => {
    await wire.host.ofctl(
      'add-flow',
      'breth0',
      `cookie=9,priority=60000,tcp,tp_dst=${NODE_PORT.port},actions=LOCAL`,
    );
    const { exitCode, stdout } = await inTraffic(() => util('audit', '--seconds=2'));
    await wire.host.ofctl('del-flows', 'breth0', 'cookie=9/-1');
    t.is(exitCode, 1, stdout);
    t.deepEqual(
      stdout
        .split('\n')
        .filter((line) => line.endsWith('DISAGREES'))
        .map((line) => line.split(' ')[0]),
      ['node-port'],
      stdout,
    );
    t.regex(stdout, /^node-port: \d+ arrived and \d+ were delivered as such/m);
    await wire.helper('exit', '--cleanup');
    await wire.host.vsctl('set', 'Bridge', 'breth0', 'fail-mode=standalone');
  });
}

labTest('top: one sample as JSON has the classes, their rates and their senders', async (t) => {
  await startHelper(PORT_RANGE);
  const { exitCode, stdout, stderr } = await inTraffic(
    () => util('top', 'eth0', '--json', '--interval=1'),
    4,
  );
  t.is(exitCode, 0, stderr);
  const sample = JSON.parse(stdout);
  t.is(sample.interface, 'eth0');
  t.is(sample.dropped, 0);
  const { sample: hex } = sample.classes['node-port'];
  t.true(
    MIX.some((frame) => frame.toString('hex') === hex),
    hex,
  );
  const share = (RATE / MIX.length) * 2;
  const rate = sample.classes['node-port'].packetsPerSecond;
  t.true(rate > 0.7 * share && rate < 1.3 * share, `${rate} of ${share}`);
  t.true(
    sample.talkers.some(
      (one: { address: string; class: string }) => one.address === OUTSIDE[6] && one.class === 'node-port',
    ),
    stdout,
  );
});

labTest('top and audit: libpcap counts the same as the ring', async (t) => {
  const top = await inTraffic(() => util('top', 'eth0', '--json', '--interval=1', '--capture=pcap'), 4);
  t.is(top.exitCode, 0, top.stderr);
  const { classes, talkers } = JSON.parse(top.stdout);
  const share = (RATE / MIX.length) * 2;
  const rate = classes['pod-return'].packetsPerSecond;
  t.true(rate > 0.7 * share && rate < 1.3 * share, `${rate} of ${share}`);
  t.true(
    talkers.some(({ address }: { address: string }) => address === OUTSIDE[6]),
    top.stdout,
  );
  const audit = await inTraffic(() => util('audit', '--seconds=2', '--capture=pcap'));
  t.is(audit.exitCode, 0, audit.stdout + audit.stderr);
  t.regex(audit.stdout, /^node-port +[1-9]/m);
  const gone = wire.host.spawn('ovn-k8s-util', ['top', 'nosuch', '--capture=pcap']);
  t.is(await gone.exited, 1);
  t.regex(gone.output, /^ovn-k8s-util: there is no interface nosuch; /m);
});

labTest('top: without a terminal it prints lines of text, for the NIC and for the bridge', async (t) => {
  const nic = await inTraffic(() => util('top', 'eth0', '--samples=2', '--interval=0.5'), 3);
  t.is(nic.exitCode, 0, nic.stderr);
  t.is(nic.stdout.match(/^eth0: \d+ packets\/s in/gm)?.length, 2);
  t.regex(nic.stdout, /^pod-return +[1-9]\d*/m);
  const bridge = await inTraffic(() => util('top', 'breth0', '--samples=1', '--interval=0.5'), 3);
  t.regex(bridge.stdout, /^\(leaving\) +[1-9]\d*/m);
});

labTest('top: on a terminal it redraws until q, and restores the screen', async (t) => {
  const command = `${process.execPath} ${executable('ovn-k8s-util')} top eth0 --interval=0.1`;
  const running = wire.host.net.spawn(['script', '-qec', command, '/dev/null'], {}, 'q');
  t.is(await running.exited, 0, running.output);
  const [enter, leave] = [running.output.indexOf('\x1b[?1049h'), running.output.lastIndexOf('\x1b[?1049l')];
  t.true(enter >= 0 && leave > enter, JSON.stringify(running.output));
  t.true(running.output.lastIndexOf('\x1b[?25h') > enter);
});

labTest('top: a signal, or a reader that closes the pipe, ends it cleanly', async (t) => {
  const running = wire.host.spawn('ovn-k8s-util', ['top', 'eth0', '--interval=0.1']);
  await running.says(/^eth0: /m);
  t.is(await running.stop('SIGINT'), 0, running.output);
  const command = `${process.execPath} ${executable('ovn-k8s-util')} top eth0 --interval=0.1 | head -1`;
  t.regex(await wire.host.exec(['bash', '-o', 'pipefail', '-c', command]), /^eth0: /);
});

labTest('top and audit: an error is one line, with exit code 1, or 2 for a wrong option', async (t) => {
  const state = join(wire.lab.dir, 'state.json');
  writeFileSync(state, await wire.helper('state/show'));
  const garbage = join(wire.lab.dir, 'garbage.json');
  writeFileSync(garbage, '{"bridge": 7}');
  const cases: readonly (readonly [readonly string[], 1 | 2, RegExp])[] = [
    [['top', 'nosuch'], 1, /there is no interface nosuch; ip link/],
    [['top', 'eth0', `--state=${garbage}`], 1, /cannot be read/],
    [['top', 'eth0', '--state=/nonexistent'], 1, /\/nonexistent/],
    [['top'], 2, /missing required argument 'interface'/],
    [['top', 'eth0', '--interval=x'], 2, /--interval=x: give a number of seconds/],
    [['top', 'eth0', '--samples=0'], 2, /--samples=0: give a whole number/],
    [['top', 'eth0', '--in=nowhere'], 2, /--in/],
    [['top', 'eth0', '--frobnicate'], 2, /unknown option '--frobnicate'/],
    [['audit', '--seconds=-1'], 2, /--seconds=-1: .*above 0/],
    [['audit', 'eth0'], 2, /too many arguments/],
  ];
  for (const [args, code, line] of cases) {
    const { exitCode, stdout, stderr } = await util(...args);
    t.is(exitCode, code, `${args.join(' ')}: ${stdout}${stderr}`);
    t.regex(stderr, line);
    t.is(stderr.trim().split('\n').length, 1, stderr);
  }
  const powerless = await wire.host.net.attempt([
    ...['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw', '--'],
    ...[process.execPath, executable('ovn-k8s-util'), 'top', 'eth0', '--samples=1'],
  ]);
  t.is(powerless.exitCode, 1);
  t.regex(
    powerless.stderr,
    /^ovn-k8s-util: eth0: reading packets needs CAP_NET_RAW; run this as root: .*\n?$/,
  );
});

labTest('top: an interface that disappears is one line, with exit code 1', async (t) => {
  await wire.host.net.ip(
    'link add gone0 type veth peer name gone1',
    'link set gone0 up',
    'link set gone1 up',
  );
  const running = wire.host.spawn('ovn-k8s-util', ['top', 'gone0', '--interval=0.1']);
  await running.says(/^gone0: /m);
  await wire.host.net.ip('link del gone0');
  t.is(await running.exited, 1);
  t.regex(running.output, /^ovn-k8s-util: gone0 has gone; ip link lists the interfaces of this host$/m);
});

labTest('audit: it reports a helper that does not answer, and flows that change meanwhile', async (t) => {
  const state = join(wire.lab.dir, 'kept.json');
  writeFileSync(state, await wire.helper('state/show'));
  await wire.helper('exit');
  const alone = await util('audit', '--seconds=1');
  t.is(alone.exitCode, 1);
  t.regex(alone.stderr, /the helper did not report its state/);

  const auditing = wire.host.spawn('ovn-k8s-util', ['audit', '--seconds=2', `--state=${state}`]);
  let hasEnded = false;
  const ended = auditing.exited.finally(() => {
    hasEnded = true;
  });
  // Deletes one flow each time the counters have settled, so that at least one is deleted between the two readings.
  for (const { key } of demuxFlows({ ...GATEWAY, mac: MAC, addresses: [IP[4], IP[6]] })) {
    if (hasEnded) break;
    await wire.host.appctl('revalidator/wait');
    await wire.host.ofctl('--strict', 'del-flows', 'breth0', key);
  }
  t.is(await ended, 1);
  t.regex(auditing.output, /the flows of breth0 changed meanwhile; run audit again/);
});
