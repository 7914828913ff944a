import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { arp, nd, transport } from '../../lab/frames.js';
import { Kubernetes } from '../../lab/kube.js';
import { kubeTest } from '../../lab/kube_test.js';
import { until, when } from '../../lab/until.js';
import { IP, MAC, OUTSIDE, PLACES, type Place, ROUTER_MAC, Wire } from '../../lab/wire.js';
import { type IpAddress, ipBytes, parseIp } from '../../src/net/ip.js';
import { linkLocalOf, macBytes, parseMac } from '../../src/net/mac.js';

/** Services of a real API server: the rows of the class table that concern them, on the wire. */
let wire: Wire;
let kubernetes: Kubernetes;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  wire = await Wire.start();
  const { net, dir } = wire.host;
  kubernetes = await Kubernetes.start({ net, dir, address: '127.0.0.1' });
  await wire.host.vsctl('set', 'Open_vSwitch', '.', ...kubernetes.externalIds);
  await wire.startHelper();
});
test.after.always(() => wire?.dispose());

const SERVED: Readonly<Record<4 | 6, IpAddress>> = {
  4: parseIp('203.0.113.80'),
  6: parseIp('2001:db8::80'),
};
const FAMILIES = [4, 6] as const;
const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');
const toUs = { dst: MAC, src: ROUTER_MAC };
const fromUs = { dst: ROUTER_MAC, src: MAC };

function service(name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec };
}

const WEB = service('web', {
  type: 'NodePort',
  externalIPs: [SERVED[4], SERVED[6]],
  ports: [
    { name: 'http', port: 80, nodePort: 30_080, protocol: 'TCP' },
    { name: 'dns', port: 53, nodePort: 30_053, protocol: 'UDP' },
    { name: 'signal', port: 99, nodePort: 30_099, protocol: 'SCTP' },
  ],
});

/** A frame, the place where it enters, and the only places where it must come out. */
type Row = readonly [title: string, from: Place, to: readonly Place[], frame: (marker: Buffer) => Buffer];

function rows(f: 4 | 6): Row[] {
  const inbound = { src: OUTSIDE[f], dst: IP[f] };
  const toServed = { src: OUTSIDE[f], dst: SERVED[f] };
  const hostToServed = { src: IP[f], dst: SERVED[f] };
  const fromServed = { src: SERVED[f], dst: OUTSIDE[f] };
  const to =
    (protocol: 'tcp' | 'udp' | 'sctp', ip: typeof inbound, dst: number, link = toUs) =>
    (m: Buffer) =>
      transport(link, ip, protocol, { src: 5000, dst }, m);
  const ask = (src: typeof toUs, sender: IpAddress) => (m: Buffer) =>
    f === 4
      ? arp({ ...src, dst: BROADCAST }, 1, src.src, sender, SERVED[4], m)
      : nd(
          { ...src, dst: parseMac('33:33:ff:00:00:80') },
          { src: sender, dst: parseIp('ff02::1:ff00:80') },
          135,
          SERVED[6],
          m,
        );
  return [
    ['node-port tcp', 'phys', ['patch'], to('tcp', inbound, 30_080)],
    ['node-port udp', 'phys', ['patch'], to('udp', inbound, 30_053)],
    ['node-port sctp', 'phys', ['patch'], to('sctp', inbound, 30_099)],
    ['the same port of another protocol', 'phys', ['local'], to('udp', inbound, 30_080)],
    ['external, a port of the service', 'phys', ['patch'], to('tcp', toServed, 80)],
    ['external, any other port', 'phys', ['patch'], to('udp', toServed, 9)],
    ['neighbour-request for a served address', 'phys', ['patch'], ask(toUs, OUTSIDE[f])],
    ['host-out to a served address', 'local', ['patch'], to('tcp', hostToServed, 80, fromUs)],
    [
      'host-out, a neighbour request for it',
      'local',
      ['patch'],
      ask(fromUs, f === 4 ? IP[4] : linkLocalOf(MAC)),
    ],
    ['pod-out from a served address', 'patch', ['phys'], to('tcp', fromServed, 80, fromUs)],
  ];
}

for (const mode of ['port-range', 'conntrack'] as const) {
  kubeTest(`${mode}: every frame of a service comes out at PATCH only`, async (t) => {
    await restartHelper(`--demux=${mode}`, `--flow-channel=${mode === 'conntrack' ? 'openflow' : 'ofctl'}`);
    await kubernetes.apply(WEB);
    await flowsHave(/tp_dst=30099/);
    // The node ports are served at once, the addresses after the network was asked for them.
    for (const f of FAMILIES) await flowsHave(new RegExp(`_dst=${SERVED[f]}`));
    for (const f of FAMILIES) {
      for (const [title, from, to, frame] of rows(f)) {
        const expected = Object.fromEntries(PLACES.map((place) => [place, to.includes(place) ? 1 : 0]));
        t.deepEqual(await wire.send(from, frame), expected, `${title}, IPv${f}`);
      }
    }
  });
}

kubeTest(
  'an address is announced on the wire, from our MAC, when this gateway begins to serve it',
  async (t) => {
    await restartHelper('--demux=conntrack');
    const nets = { 4: '203.0.113.81', 6: '2001:db8::81' } as const;
    const bytes = FAMILIES.map((f) => Buffer.from(ipBytes(parseIp(nets[f]))));
    const [v4 = Buffer.alloc(0), v6 = Buffer.alloc(0)] = bytes;
    const mac = Buffer.from(macBytes(MAC));
    const arpOf = Buffer.concat([mac, v4, Buffer.alloc(6), v4]);
    const advertised = Buffer.concat([v6, Buffer.from([2, 1]), mac]);
    t.is(wire.taps.count('wire', arpOf), 0);
    const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
    await kubernetes.apply(service('late', { externalIPs: [nets[4], nets[6]], ports }));
    await wire.taps.arrived('wire', arpOf);
    await wire.taps.arrived('wire', advertised);
    t.is(wire.taps.count('ovn', arpOf) + wire.taps.count('breth0', arpOf), 0);
    await until('the second announcement', () => when(wire.taps.count('wire', arpOf) === 2));
    t.regex(await wire.helper('status'), /^announced: +\d+ addresses$/m);
    await kubernetes.kubectl('delete', 'service', 'late');
  },
);

kubeTest(
  'flows follow a changed service, and a port that it gives up belongs to the host again',
  async (t) => {
    const toPort = (port: number) => (m: Buffer) =>
      transport(toUs, { src: OUTSIDE[4], dst: IP[4] }, 'tcp', { src: 5000, dst: port }, m);
    await kubernetes.apply(
      service('web', { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30_081 }] }),
    );
    await flowsHave(/tp_dst=30081/);
    t.like(await wire.send('phys', toPort(30_081)), { patch: 1, local: 0 });
    t.like(await wire.send('phys', toPort(30_080)), { patch: 0, local: 1 });
    t.notRegex(await flows(), new RegExp(`nw_dst=${SERVED[4]}`));
    await kubernetes.kubectl('delete', 'service', 'web');
    await until('no flow of it', async () => when(!/tp_dst=30081/.test(await flows())));
    t.like(await wire.send('phys', toPort(30_081)), { patch: 0, local: 1 });
  },
);

kubeTest(
  "the services' flows stay while the API server is away, also for a helper that starts then",
  async (t) => {
    await kubernetes.apply(WEB);
    await flowsHave(/tp_dst=30099/);
    for (const f of FAMILIES) await flowsHave(new RegExp(`_dst=${SERVED[f]}`));
    const before = (await flows()).match(/cookie=0x[0-9a-f]+/g)?.toSorted();
    await kubernetes.stopServer();
    await until('the helper to say so', async () =>
      when(/services: (no answer|the watch broke off)/.test(await wire.helper('status'))),
    );
    await restartHelper('--demux=conntrack');
    t.deepEqual((await flows()).match(/cookie=0x[0-9a-f]+/g)?.toSorted(), before);
    t.regex(await wire.helper('status'), /bundles 0, flows added 0, deleted 0/);

    const started = kubernetes.startServer();
    await started;
    const answered = performance.now();
    await kubernetes.apply(service('late', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_500 }] }));
    await flowsHave(/tp_dst=30500/);
    t.log(`${(performance.now() - answered).toFixed(0)} ms after the API server was ready again`);
    t.regex(await flows(), /tp_dst=30099/);
  },
);

kubeTest(
  'the younger of two services with one address is reported once, and its other ports are served',
  async (t) => {
    await kubernetes.apply(
      service('first', { type: 'ClusterIP', externalIPs: ['203.0.113.90'], ports: [{ port: 80 }] }),
      service('second', {
        type: 'NodePort',
        externalIPs: ['203.0.113.90'],
        ports: [{ port: 80, nodePort: 30_501 }],
      }),
    );
    await flowsHave(/tp_dst=30501/);
    t.regex(
      await wire.helper('status'),
      /Service default\/second: tcp 203\.0\.113\.90 port 80 belongs to Service default\/first, which is older/,
    );
    const log = await readFile(join(wire.host.rundir, 'ovn-k8s-gateway-helper.log'), 'utf8');
    t.is(log.split('\n').filter((line) => /WARN.*default\/second/.test(line)).length, 1);
  },
);

function flows(): Promise<string> {
  return wire.host.ofctl('-O', 'OpenFlow14', '--no-names', '--no-stats', 'dump-flows', 'breth0');
}

async function flowsHave(pattern: RegExp): Promise<void> {
  await until(`flows with ${pattern}`, async () => when(pattern.test(await flows())));
}

async function restartHelper(...args: readonly string[]): Promise<void> {
  await wire.helper('exit');
  const pidfile = join(wire.host.rundir, 'ovn-k8s-gateway-helper.pid');
  await until('the helper to end', async () =>
    when((await readFile(pidfile).catch(() => undefined)) === undefined),
  );
  await wire.startHelper(...args);
}
