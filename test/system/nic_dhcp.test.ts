import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Edge, startEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { until, when } from '../../lab/until.js';

const LEASE_SECONDS = 120;
const TOOLS = ['/usr/sbin/dhclient', '/usr/sbin/dnsmasq'];

if (TOOLS.every((path) => existsSync(path))) {
  labTest('a lease moves with its remaining time, and the note has the command that renews it', async (t) => {
    const { edge, address } = await startLeased(t);
    // In another namespace, so no one's here: it asks on an eth0 where nobody answers.
    const elsewhere = await edge.lab.namespace('elsewhere');
    await elsewhere.ip('link add eth0 type veth peer name eth1', 'link set eth0 up', 'link set eth1 up');
    const stranger = elsewhere.spawn(['dhclient', '-d', ...files(edge.lab.dir), 'eth0']);

    const { exitCode, stdout, stderr } = await edge.host.run('ovn-k8s-util', ['nics-to-bridge', 'eth0']);
    t.is(exitCode, 0, stderr);
    t.regex(stdout, /^note: the DHCP lease moved .* kill -KILL \d+ && .*dhclient .* breth0 \(or --restart/m);
    t.notRegex(stdout, new RegExp(`kill -KILL ${stranger.pid}\\b`));
    const moved = await leaseOf(edge.host.net, 'breth0');
    t.is(moved.local, address);
    t.true(moved.seconds > 0 && moved.seconds <= LEASE_SECONDS, `${moved.seconds} s are left`);
    t.deepEqual(await clientsOf(edge.host.net), ['eth0']);
  });

  labTest(
    '--restart-dhcp makes the client renew the same address on the bridge, and back on the NIC',
    async (t) => {
      const { edge, address, granted } = await startLeased(t);
      const { host } = edge;
      for (const [args, device] of [
        [['nics-to-bridge', '--restart-dhcp', 'eth0'], 'breth0'],
        [['bridge-to-nics', '--restart-dhcp', 'breth0'], 'eth0'],
      ] as const) {
        const before = granted();
        const { exitCode, stderr } = await host.run('ovn-k8s-util', args);
        t.is(exitCode, 0, stderr);
        await until('the lease is renewed', () => when(granted() > before));
        t.is((await leaseOf(host.net, device)).local, address);
        t.deepEqual(await clientsOf(host.net), [device]);
        t.regex(
          await host.net.exec(['ip', 'route']),
          new RegExp(`default via 203\\.0\\.113\\.1 dev ${device}`),
        );
      }
    },
  );

  labTest('the move is undone if the client cannot be started on the bridge', async (t) => {
    const { edge, address } = await startLeased(t);
    const { net } = edge.host;
    // Its own leases are not to be had under that name: a directory is there.
    mkdirSync(join(edge.host.dir, 'dhclient.breth0.leases'));
    const { exitCode, stderr } = await edge.host.run('ovn-k8s-util', [
      ...['nics-to-bridge', '--restart-dhcp', 'eth0'],
    ]);
    t.is(exitCode, 1);
    t.regex(stderr, /restart dhclient on breth0, failed: .*; everything is as it was/);
    t.is((await leaseOf(net, 'eth0')).local, address);
    t.deepEqual(await clientsOf(net), ['eth0']);
    t.is(await edge.host.vsctl('list-br'), '');
  });
} else {
  test.skip(`leases of DHCP (needs ${TOOLS.join(' and ')})`, (t) => t.pass());
}

interface Leased {
  readonly edge: Edge;
  /** That the server gave. */
  readonly address: string;
  /** How often it has given one. */
  readonly granted: () => number;
}

/** A host whose eth0 has all that it has from DHCP. */
async function startLeased(t: ExecutionContext): Promise<Leased> {
  const edge = await startEdge();
  t.teardown(() => edge.lab.dispose());
  const { host, router } = edge;
  await host.net.exec(['ip', '-4', 'address', 'flush', 'dev', 'eth0']);
  // Whatever the client's script writes of name servers stays with the namespace.
  writeFileSync(`/etc/netns/${host.net.name}/resolv.conf`, '');
  const server = router.spawn([
    ...['dnsmasq', '--keep-in-foreground', '--conf-file=', '--user=root', '--pid-file='],
    ...['--port=0', '--interface=lan', '--bind-interfaces', '--no-ping', '--log-facility=-'],
    ...[`--dhcp-range=203.0.113.50,203.0.113.60,${LEASE_SECONDS}`, '--dhcp-authoritative'],
    ...[`--dhcp-leasefile=${join(edge.lab.dir, 'leases')}`, '--dhcp-option=option:dns-server'],
  ]);
  await server.says(/sockets bound exclusively/);
  await host.net.exec(['dhclient', '-4', ...files(host.dir), 'eth0']);
  const granted = () => [...server.output.matchAll(/DHCPACK/g)].length;
  const { local } = await leaseOf(host.net, 'eth0');
  return { edge, address: local, granted };
}

function files(dir: string): string[] {
  return ['-pf', join(dir, 'dhclient.eth0.pid'), '-lf', join(dir, 'dhclient.eth0.leases')];
}

async function leaseOf(net: Namespace, device: string): Promise<{ local: string; seconds: number }> {
  const [link] = JSON.parse(await net.exec(['ip', '-json', '-4', 'address', 'show', 'dev', device]));
  const [{ local, valid_life_time: seconds, dynamic }] = link.addr_info;
  if (dynamic !== true) throw new Error(`${local} of ${device} is not given for a time`);
  return { local, seconds };
}

/** The devices of the DHCP clients in a namespace. */
async function clientsOf(net: Namespace): Promise<string[]> {
  const pids = (await net.exec(['ip', 'netns', 'pids', net.name])).split('\n').filter(Boolean);
  return pids
    .map((pid) => commandOf(pid).split('\0').filter(Boolean))
    .filter(([program]) => program?.endsWith('dhclient'))
    .map((argv) => argv.at(-1) ?? '');
}

/** Empty for a process that has ended. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
