import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { bridgeAnswers } from '../../lab/host.js';
import { labTest } from '../../lab/lab_test.js';
import { until, when } from '../../lab/until.js';
import { IP, MAC, Wire } from '../../lab/wire.js';
import type { ChannelName } from '../../src/openflow/channels.js';

/** One helper lives through all faults of its bridge. It must be the same process after each test. */
let wire: Wire;
let pid: string;
const FOREIGN = 'cookie=0xabc,priority=7,udp,tp_dst=7,actions=drop';
const PATCH = 'k8s-patch-breth0-br-int';

/** Declares tests of what the helper repairs, for one channel. */
export function repairTests(channel: ChannelName): void {
  test.before(async () => {
    if (process.getuid?.() !== 0) return;
    wire = await Wire.start();
    await wire.startHelper(`--flow-channel=${channel}`);
    pid = await pidOfHelper();
    await wire.host.ofctl('add-flow', 'breth0', FOREIGN);
  });
  test.afterEach(async (t) => {
    t.is(await pidOfHelper(), pid, 'the helper is the same process');
    t.regex(await flows(), /cookie=0xabc,/, 'the foreign flow is unchanged');
  });
  test.after.always(() => wire?.dispose());

  labTest('deleted flows are restored', async (t) => {
    const before = await ours();
    const sent = await bundles();
    await wire.host.ofctl('del-flows', 'breth0', 'tcp');
    t.deepEqual(await whole(before), before);
    await wire.host.ofctl('del-flows', 'breth0');
    await wire.host.ofctl('add-flow', 'breth0', FOREIGN);
    t.deepEqual(await whole(before), before);
    await until('a bundle for each deletion', async () => when((await bundles()) >= sent + 2));
  });

  labTest('an altered flow is restored, also if its cookie changed', async (t) => {
    const before = await ours();
    const sent = await bundles();
    await wire.host.ofctl('mod-flows', 'breth0', 'arp,actions=drop');
    t.deepEqual(await whole(before), before);
    await until('a bundle that repaired it', async () => when((await bundles()) > sent));
  });

  labTest('the fragment mode is restored', async (t) => {
    await wire.host.ofctl('set-frags', 'breth0', 'normal');
    await wire.helper('flow/sync');
    t.regex(await wire.host.ofctl('get-frags', 'breth0'), /nx-match/);
  });

  labTest('the flows follow a change of the addresses of the bridge', async (t) => {
    const { net } = wire.host;
    await net.ip(`addr del ${IP[4]}/24 dev breth0`, 'addr add 203.0.113.20/24 dev breth0');
    await until('flows of the new address', async () =>
      when((await flows()).includes('nw_dst=203.0.113.20')),
    );
    t.notRegex(await flows(), new RegExp(`nw_dst=${IP[4]}`));
    t.regex(
      await wire.helper('status'),
      /has 203\.0\.113\.20 and not 203\.0\.113\.10 .*run gateway-init again/,
    );
    await net.ip('addr del 203.0.113.20/24 dev breth0', `addr add ${IP[4]}/24 dev breth0`);
    await until('flows of the old address', async () => when((await flows()).includes(`nw_dst=${IP[4]}`)));
    t.regex(await wire.helper('status'), /flows: +in place/);
  });

  labTest('the flows follow a change of the MAC of the bridge', async (t) => {
    const before = await ours();
    await wire.host.vsctl('set', 'Bridge', 'breth0', 'other-config:hwaddr="0a:58:cb:00:71:99"');
    await until('flows of the new MAC', async () =>
      when((await flows()).includes('dl_dst=0a:58:cb:00:71:99')),
    );
    t.notRegex(await flows(), new RegExp(`dl_dst=${MAC}`));
    await wire.host.vsctl('set', 'Bridge', 'breth0', `other-config:hwaddr="${MAC}"`);
    t.deepEqual(await whole(before), before);
  });

  labTest('a deleted patch port is recreated, and the flows use its new number', async (t) => {
    const { host } = wire;
    const number = await ofport(PATCH);
    await host.vsctl('del-port', PATCH);
    const again = await until('the patch port', async () => {
      const found = await ofport(PATCH).catch(() => '');
      return /^\d+$/.test(found) && found !== number ? found : undefined;
    });
    await until('flows to it', async () =>
      when((await flows()).includes(`in_port=${again} `) || (await flows()).includes(`in_port=${again},`)),
    );
    t.regex(
      await host.vsctl('get', 'Interface', 'k8s-patch-br-int-breth0', 'external_ids:iface-id'),
      /breth0_gw/,
    );
    t.notRegex(await flows(), new RegExp(`output:${number}(,|\\n)`));
  });

  labTest('the flows use the new number of a NIC', async (t) => {
    const { host } = wire;
    await host.vsctl('del-port', 'eth0');
    await host.vsctl('add-port', 'breth0', 'eth0', '--', 'set', 'Interface', 'eth0', 'ofport_request=77');
    await until('flows from it', async () => when((await flows()).includes('in_port=77')));
    t.regex(await wire.helper('status'), /phys 77/);
  });

  labTest('all flows are restored within 250 ms after a killed ovs-vswitchd answers again', async (t) => {
    const { host } = wire;
    const before = await ours();
    await host.killSwitch();
    await until('the helper to say so', async () =>
      when(/ovs-vswitchd does not answer/.test(await wire.helper('status'))),
    );
    await Promise.all([host.startSwitch(), bridgeAnswers(host, 'breth0')]);
    const answered = performance.now();
    t.deepEqual(await whole(before), before);
    const took = performance.now() - answered;
    t.log(`${took.toFixed(0)} ms after the management socket answered`);
    t.true(took <= 250, `${took} ms`);
    await wire.helper('flow/sync');
    t.regex(await host.ofctl('get-frags', 'breth0'), /nx-match/);
    await host.ofctl('add-flow', 'breth0', FOREIGN);
  });

  labTest('a recreated bridge gets its flows and its port to OVN', async (t) => {
    const { host } = wire;
    await host.vsctl('del-br', 'breth0', '--', '--if-exists', 'del-port', 'k8s-patch-br-int-breth0');
    await until('the helper to say so', async () =>
      when(/there is no bridge breth0/.test(await wire.helper('status'))),
    );
    await host.vsctl(
      ...[
        'add-br',
        'breth0',
        '--',
        'set',
        'Bridge',
        'breth0',
        'datapath_type=netdev',
        'fail-mode=standalone',
      ],
      ...[`other-config:hwaddr="${MAC}"`, `external-ids:k8s-physical-ip="${IP[4]},${IP[6]}"`],
      ...['external-ids:k8s-node-name=gw', 'external-ids:k8s-snat-port-range=61000-65535'],
      ...['--', 'add-port', 'breth0', 'eth0'],
    );
    await until('its flows and its patch port', async () => {
      const found = await ofport(PATCH).catch(() => '');
      return when(/^\d+$/.test(found) && (await flows()).includes(`output:${found}`));
    });
    await host.ofctl('add-flow', 'breth0', FOREIGN);
    // The flows precede the fragment mode and the port's flags; the helper reports "in place" after all three.
    await until('the helper to find all in place', async () =>
      when(/flows: +in place/.test(await wire.helper('status'))),
    );
    t.regex(await host.ofctl('get-frags', 'breth0'), /nx-match/);
    // OpenFlow 1.0 cuts the name of a port to 15 characters.
    const noFlood = /\(k8s-patch-breth.*\n +config: +NO_FLOOD/;
    await until("the patch port's flag", async () => when(noFlood.test(await host.ofctl('show', 'breth0'))));
    t.regex(
      await host.vsctl('get', 'Interface', 'k8s-patch-br-int-breth0', 'external_ids:iface-id'),
      /breth0_gw/,
    );
  });

  labTest('a helper that starts with the right flows in place sends nothing', async (t) => {
    const before = await ours();
    const ages = await installed();
    await wire.helper('exit');
    await until('the helper to end', async () => when((await pidOfHelper().catch(() => '')) === ''));
    t.deepEqual(await ours(), before, 'the flows stay while the helper is away');
    await wire.startHelper(`--flow-channel=${channel}`);
    pid = await pidOfHelper();
    t.deepEqual(await ours(), before);
    t.deepEqual(await installed(), ages, 'no flow was replaced');
    t.regex(await wire.helper('status'), /bundles 0, flows added 0, deleted 0/);
  });

  labTest('a killed helper leaves the flows in place and no process behind', async (t) => {
    const before = await ours();
    t.is((await processes()).includes('ovs-ofctl'), channel === 'ofctl', 'the monitor of channel ofctl');
    process.kill(Number(pid), 'SIGKILL');
    await until('all ovs-ofctl processes to end', async () =>
      when(!(await processes()).includes('ovs-ofctl')),
    );
    t.deepEqual(await ours(), before);
    await wire.startHelper(`--flow-channel=${channel}`);
    pid = await pidOfHelper();
    t.regex(await wire.helper('status'), /bundles 0, flows added 0, deleted 0/);
  });

  labTest('a missing API server is logged once for each start', async (t) => {
    const log = await readFile(join(wire.host.rundir, 'ovn-k8s-gateway-helper.log'), 'utf8');
    const lines = log.split('\n').filter((line) => line.includes('k8s-api-server is not set'));
    t.is(lines.length, 3, 'once for each start');
  });

  labTest(
    'cleaning up leaves one NORMAL flow and the foreign flow, and restores the fragment mode',
    async (t) => {
      // `exit` ends the helper, so the test starts a new one for the hook that checks the process.
      await wire.helper('exit', '--cleanup');
      await until('the helper to end', async () => when((await pidOfHelper().catch(() => '')) === ''));
      const left = (await flows()).split('\n').filter((line) => line.includes('cookie='));
      t.is(left.length, 2, left.join('\n'));
      t.true(left.some((line) => line.includes('priority=0 actions=NORMAL')));
      t.regex(await wire.host.ofctl('get-frags', 'breth0'), /normal/);
      await wire.startHelper(`--flow-channel=${channel}`);
      pid = await pidOfHelper();
    },
  );
}

async function pidOfHelper(): Promise<string> {
  return (await readFile(join(wire.host.rundir, 'ovn-k8s-gateway-helper.pid'), 'utf8')).trim();
}

/** Returns the command lines of all processes on the host. */
async function processes(): Promise<string> {
  const pids = await wire.host.exec(['ip', 'netns', 'pids', wire.host.net.name]);
  return wire.host.exec(['ps', '-o', 'args=', '-p', pids.split('\n').filter(Boolean).join(',')]);
}

async function ofport(name: string): Promise<string> {
  return (await wire.host.vsctl('get', 'Interface', name, 'ofport')).trim();
}

function flows(): Promise<string> {
  return wire.host.ofctl('-O', 'OpenFlow14', '--no-names', 'dump-flows', 'breth0');
}

/** Returns the helper's flows without counters, sorted. */
async function ours(): Promise<string[]> {
  return (await lines()).map((line) =>
    line.replace(/duration=.*?, (?=table)|n_packets=\d+, n_bytes=\d+, /g, ''),
  );
}

async function lines(): Promise<string[]> {
  const dump = await wire.host.ofctl(
    '-O',
    'OpenFlow14',
    '--no-names',
    'dump-flows',
    'breth0',
    'cookie=0x6b38000000000000/0xffff000000000000',
  );
  return dump
    .split('\n')
    .filter((line) => line.includes('cookie=0x6b38'))
    .toSorted();
}

/** Returns when each of the helper's flows was added, in units of 5 s. */
async function installed(): Promise<number[]> {
  const now = Date.now() / 1000;
  return (await lines()).map((line) => Math.round((now - Number(/duration=([0-9.]+)s/.exec(line)?.[1])) / 5));
}

/** Returns how many bundles the helper has sent. */
async function bundles(): Promise<number> {
  return JSON.parse(await wire.helper('status', '--json')).totals.bundles;
}

/** Waits until our flows are the expected ones. @returns our flows, also if they differ at the deadline */
async function whole(expected: readonly string[]): Promise<string[]> {
  const reached = until('all flows', async () => {
    const now = await ours();
    return now.length === expected.length && now.every((line, i) => line === expected[i]) ? now : undefined;
  });
  return reached.catch(ours);
}
