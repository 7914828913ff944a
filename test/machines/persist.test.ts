import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startOutside } from '../../lab/cluster.js';
import { startDhcpServer } from '../../lab/dhcp.js';
import { Lab } from '../../lab/lab.js';
import { Machine } from '../../lab/machine/machine.js';
import { machineTest } from '../../lab/machine/machine_test.js';
import type { NetworkName } from '../../lab/machine/network.js';
import { builtPackage, configureUnit, installPackage } from '../../lab/machine/product.js';
import { Reachable } from '../../lab/machine/reachable.js';
import type { Suite } from '../../lab/machine/tree.js';
import { until, when } from '../../lab/until.js';

const SUITES: readonly Suite[] = ['trixie', 'bookworm'];
const NETWORKS: readonly NetworkName[] = [
  'systemd-networkd static',
  'systemd-networkd DHCP',
  'netplan static',
];
/** Milliseconds after the machine's network is up until the host answers. */
const ANSWER_MS = 10_000;
/** Milliseconds for which the host may be silent. */
const GAP_MS = 1_000;
/** Answers after which the host counts as settled. */
const QUIET_ANSWERS = 100;
/** A server of DHCP grants no lease for less (dnsmasq(8)). */
const LEASE_MS = 120_000;
const RECORD = '/var/lib/ovn-k8s-gateway/persist';

for (const suite of SUITES)
  for (const network of NETWORKS)
    machineTest(
      `${suite}, ${network}: a move with --persist outlives a reboot, and the way back leaves /etc as it was`,
      async (t) => {
        t.timeout(300_000);
        const { machine, address, outside } = await startHost(t, suite, network);
        const dayOne = await filesOf(machine);
        const network1 = await networkOf(machine);
        const ping = Reachable.start(outside, address);
        await ping.firstAnswer(0, ANSWER_MS);

        await staysReachable(t, ping, 'moved', async () => {
          await machine.run('ovn-k8s-util', 'nics-to-bridge', 'eth0', '--persist', 'auto');
        });
        t.is(await machine.address4('breth0'), address);
        t.deepEqual(await networkOf(machine), network1.map(onBridge));
        const persisted = await filesOf(machine);
        await configureUnit(machine, 'ovn-k8s-node', { NIC: 'eth0' });

        await machine.powerOff();
        await bootsAgain(t, machine, ping, 'booted on the bridge');
        t.is(await machine.address4('breth0'), address);
        t.is(await machine.address4('eth0'), undefined);
        t.deepEqual(await networkOf(machine), network1.map(onBridge));
        t.regex(await machine.run('nft', 'list', 'ruleset'), /hook ingress device "eth0"/);
        t.deepEqual(await filesOf(machine), persisted);

        await configureUnit(machine, 'ovn-k8s-node', { NIC: '' });
        await staysReachable(t, ping, 'moved back', async () => {
          await machine.run('ovn-k8s-util', 'bridge-to-nics', 'breth0');
        });
        t.deepEqual(await networkOf(machine), network1);
        t.deepEqual(await filesOf(machine), dayOne);
        t.not((await machine.attempt('ls', RECORD)).exitCode, 0);

        await machine.powerOff();
        await bootsAgain(t, machine, ping, 'booted on the NIC');
        t.is(await machine.address4('eth0'), address);
        t.deepEqual(await filesOf(machine), dayOne);
        await machine.powerOff();
      },
    );

for (const suite of SUITES)
  machineTest(
    `${suite}: systemd-networkd renews its lease on the bridge, and takes another address from the server`,
    async (t) => {
      t.timeout(420_000);
      const { machine, address, outside, server, lab } = await startHost(t, suite, 'systemd-networkd DHCP');
      const ping = Reachable.start(outside, address);
      await ping.firstAnswer(0, ANSWER_MS);
      await machine.run('ovn-k8s-util', 'nics-to-bridge', 'eth0', '--persist', 'auto');
      const acks = () => [...server.output.matchAll(/DHCPACK/g)].length;
      const before = acks();
      const began = Date.now();
      await machine.waitFor('a renewal', () => when(acks() > before), LEASE_MS);
      t.log(
        `renewed after ${Math.round((Date.now() - began) / 1000)} s, longest gap ${Math.round(ping.longestGap(began).ms)} ms`,
      );
      t.true(ping.longestGap(began).ms <= GAP_MS);
      t.is(await machine.address4('breth0'), address);
      await server.stop('SIGTERM');
      rmSync(join(lab.dir, 'leases'));
      await startDhcpServer(
        outside,
        join(lab.dir, 'leases'),
        `--dhcp-host=${machine.mac},203.0.113.77`,
        '--dhcp-range=203.0.113.70,203.0.113.79,120',
      );
      await machine.waitFor(
        'the other address',
        async () => when((await machine.address4('breth0')) === '203.0.113.77'),
        LEASE_MS,
      );
      t.false((await machine.run('ip', '-4', 'address', 'show', 'dev', 'breth0')).includes(address));
      await machine.powerOff();
    },
  );

/** Boots a machine alone on a LAN with a DHCP server, and installs the product. */
async function startHost(t: ExecutionContext, suite: Suite, network: NetworkName) {
  await builtPackage();
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const outside = await startOutside(lab);
  const server = await startDhcpServer(outside, join(lab.dir, 'leases'));
  const machine = await Machine.make({ lab, outside, label: 'host', suite, network });
  await machine.start();
  const address = await machine.waitFor('an address', () => machine.address4('eth0'), 30_000);
  await machine.booted();
  await installPackage(machine);
  return { lab, outside, server, machine, address };
}

/** Runs a task, and checks that the host answers meanwhile and after it. */
async function staysReachable(
  t: ExecutionContext,
  ping: Reachable,
  what: string,
  task: () => Promise<void>,
): Promise<void> {
  const began = Date.now();
  await task();
  await settled(ping);
  const { ms } = ping.longestGap(began);
  t.log(`${what}: longest gap ${Math.round(ms)} ms`);
  t.true(ms <= GAP_MS);
}

async function settled(ping: Reachable): Promise<void> {
  const since = Date.now();
  await until('more answers', () => when(ping.answers(since).length >= QUIET_ANSWERS), ANSWER_MS);
}

/** Starts the machine, and checks when the host answers. */
async function bootsAgain(
  t: ExecutionContext,
  machine: Machine,
  ping: Reachable,
  what: string,
): Promise<void> {
  const on = Date.now();
  await machine.start();
  await machine.booted();
  const up = await machine.entered('network-online.target');
  const first = await ping.firstAnswer(on, ANSWER_MS);
  await settled(ping);
  const { ms } = ping.longestGap(first);
  const seconds = (time: number) => `${((time - on) / 1000).toFixed(1)} s`;
  t.log(
    `${what}: network up ${seconds(up)} after power-on, first answer ${seconds(first)}; longest gap ${Math.round(ms)} ms`,
  );
  t.true(first - up <= ANSWER_MS);
  t.true(ms <= GAP_MS);
  t.is((await machine.attempt('systemctl', '--failed', '--plain', '--no-legend')).stdout, '');
}

/** Returns the files of /etc with their permissions and checksums, without those that programs write by themselves. */
async function filesOf(machine: Machine): Promise<string[]> {
  const script = `
    find /etc -path /etc/openvswitch -prune -o -path /etc/default/ovn-k8s-node -prune -o ! -type f -printf '%M %u:%g %p %l\\n'
    find /etc -path /etc/openvswitch -prune -o -path /etc/default/ovn-k8s-node -prune -o -type f -printf '%M %u:%g %p ' -exec sha256sum {} ';'`;
  return (await machine.run('sh', '-c', script)).split('\n').toSorted();
}

/** Returns the IPv4 addresses and routes of a machine, and its global IPv6 addresses and routes. */
async function networkOf(machine: Machine): Promise<string[]> {
  const dumps = await Promise.all([
    machine.run('ip', '-4', '-oneline', 'address', 'show', 'scope', 'global'),
    machine.run('ip', '-6', '-oneline', 'address', 'show', 'scope', 'global'),
    machine.run('ip', '-4', 'route'),
    machine.run('ip', '-6', 'route'),
  ]);
  return dumps
    .join('\n')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('fe80::'))
    .map((line) =>
      line
        .replace(/^\d+: /, '')
        .replaceAll(/\d+sec/g, 'some seconds')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .toSorted();
}

function onBridge(line: string): string {
  return line.replaceAll('eth0', 'breth0');
}
