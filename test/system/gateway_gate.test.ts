import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { arp, transport } from '../../lab/frames.js';
import { bridgeAnswers } from '../../lab/host.js';
import { labTest } from '../../lab/lab_test.js';
import { signal } from '../../lab/namespace.js';
import { until, when } from '../../lab/until.js';
import { BROADCAST, IP, MAC, OUTSIDE, ROUTER_MAC, Wire } from '../../lab/wire.js';

const PEER = 'k8s-patch-br-int-breth0';

let wire: Wire;
test.before(async () => {
  if (process.getuid?.() === 0) wire = await Wire.start();
});
test.after.always(() => wire?.dispose());

/** Returns the name by which OVN knows the bridge; nothing while it has none. */
async function ifaceId(): Promise<string> {
  return (await wire.host.vsctl('--if-exists', 'get', 'Interface', PEER, 'external_ids:iface-id')).trim();
}

/** Kills the helper and the switch, as a power loss does, and starts the switch alone: it has one flow, NORMAL. */
async function startSwitchAlone(): Promise<void> {
  const { host } = wire;
  const pid = Number(await readFile(join(host.rundir, 'ovn-k8s-gateway-helper.pid'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  await until('the helper to end', () => when(!signal(pid, 0)));
  await host.killSwitch();
  await Promise.all([host.startSwitch(), bridgeAnswers(host, 'breth0')]);
  // In place of ovn-controller, which has its flows before the helper has.
  await host.ofctl('add-flow', 'br-int', 'priority=1,in_port=1,actions=output:2');
  await host.ofctl('add-flow', 'br-int', 'priority=1,in_port=2,actions=output:1');
}

/** Returns how many packets have come from OVN's side into br-int. */
async function fromOvn(): Promise<number> {
  await wire.host.appctl('revalidator/wait');
  const flow = await wire.host.ofctl('dump-flows', 'br-int', 'in_port=1');
  return Number(/n_packets=(\d+)/.exec(flow)?.[1]);
}

labTest('the helper gives its port to OVN after its flows are in place', async (t) => {
  t.is(await ifaceId(), '');
  await wire.startHelper();
  await until('the iface-id', async () => when((await ifaceId()) === 'breth0_gw'));
  t.regex(await wire.helper('status'), /^gate: +open to OVN$/m);
});

labTest('a killed helper whose flows stand leaves the port to OVN', async (t) => {
  const pid = Number(await readFile(join(wire.host.rundir, 'ovn-k8s-gateway-helper.pid'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  await until('the helper to end', () => when(!signal(pid, 0)));
  t.is(await ifaceId(), 'breth0_gw');
  await wire.startHelper();
  t.is(await ifaceId(), 'breth0_gw');
});

labTest(
  'a switch that starts without the helper forwards nothing between OVN and the NIC or the host',
  async (t) => {
    await startSwitchAlone();
    const { host, taps } = wire;
    t.regex(await host.ofctl('dump-flows', 'breth0'), /priority=0 actions=NORMAL$/);
    const out = randomBytes(8);
    const addresses = [
      { src: IP[4], dst: OUTSIDE[4] },
      { src: IP[6], dst: OUTSIDE[6] },
    ];
    const before = await fromOvn();
    for (const ip of addresses) {
      const ports = { src: 61_000, dst: 53 };
      taps.inject('ovn', transport({ dst: ROUTER_MAC, src: MAC }, ip, 'udp', ports, out));
      taps.inject('ovn', transport({ dst: BROADCAST, src: MAC }, ip, 'udp', ports, out));
    }
    await until('the switch to have received them', async () => when((await fromOvn()) >= before + 4));
    // The host's own frames come to the wire, and the wire's to the host: a frame behind shows that the taps have all.
    for (const [from, to] of [
      ['breth0', 'wire'],
      ['wire', 'breth0'],
    ] as const) {
      const marker = randomBytes(8);
      const [src, dst] = from === 'wire' ? [ROUTER_MAC, BROADCAST] : [MAC, BROADCAST];
      const sender = from === 'wire' ? OUTSIDE[4] : IP[4];
      taps.inject(from, arp({ dst, src }, 1, src, sender, from === 'wire' ? IP[4] : OUTSIDE[4], marker));
      await taps.arrived(to, marker);
      await host.appctl('revalidator/wait');
      t.is(taps.count('ovn', marker), 0, `from ${from} to OVN`);
    }
    t.is(taps.count('wire', out), 0, 'from OVN to the NIC');
    t.is(taps.count('breth0', out), 0, 'from OVN to the host');
  },
);

labTest('cleaning up takes the port from OVN, and leaves host and OVN apart', async (t) => {
  await wire.startHelper();
  t.is(await ifaceId(), 'breth0_gw');
  await wire.helper('exit', '--cleanup');
  t.is(await ifaceId(), '');
  const trace = await wire.host.appctl(
    ...['ofproto/trace', 'breth0', `in_port=LOCAL,arp,dl_src=${MAC},dl_dst=${BROADCAST}`],
  );
  t.regex(trace, /NORMAL/);
  t.notRegex(trace, /br-int/);
});
