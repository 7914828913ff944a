import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import {
  clientsOf,
  DHCP_CLIENTS,
  type DhcpClient,
  dhclientFiles,
  filesOf,
  LEASE_SECONDS,
  leaseOf,
  startLeased,
} from '../../lab/dhcp.js';
import { EDGE, startEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';
import { until, when } from '../../lab/until.js';

/** A release has one of the clients; the tests of the other are skipped there. */
for (const client of DHCP_CLIENTS) {
  const missing = client.missing();
  if (missing !== undefined) {
    test.skip(`${client.name}: leases move with a NIC (${missing})`, (t) => t.pass());
  } else {
    testRestart(client);
    if (client.name === 'dhclient') testDhclient(client);
    else testDhcpcd(client);
  }
}

function testRestart(client: DhcpClient): void {
  labTest(
    `${client.name}: --restart-dhcp makes it renew the same address on the bridge, and back on the NIC`,
    async (t) => {
      const { edge, address, granted } = await startLeased(t, client);
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
        t.deepEqual(await clientsOf(host.net, client), [device]);
        t.regex(
          await host.net.exec(['ip', 'route']),
          new RegExp(`default via 203\\.0\\.113\\.1 dev ${device}`),
        );
      }
    },
  );
}

function testDhclient(client: DhcpClient): void {
  labTest(
    'dhclient: a lease moves with its remaining time, and the note has the command that renews it',
    async (t) => {
      const { edge, address } = await startLeased(t, client);
      // A client in another namespace asks on an eth0 where nobody answers.
      const elsewhere = await edge.lab.namespace('elsewhere');
      await elsewhere.ip('link add eth0 type veth peer name eth1', 'link set eth0 up', 'link set eth1 up');
      t.teardown(() => client.clean(edge.lab.dir));
      const stranger = elsewhere.spawn(['dhclient', '-d', ...dhclientFiles(edge.lab.dir), 'eth0']);

      const { exitCode, stdout, stderr } = await edge.host.run('ovn-k8s-util', ['nics-to-bridge', 'eth0']);
      t.is(exitCode, 0, stderr);
      t.regex(
        stdout,
        /^note: the DHCP lease moved .* kill -KILL \d+ && .*dhclient .* breth0 \(or --restart/m,
      );
      t.notRegex(stdout, new RegExp(`kill -KILL ${stranger.pid}\\b`));
      const moved = await leaseOf(edge.host.net, 'breth0');
      t.is(moved.local, address);
      t.true(moved.seconds > 0 && moved.seconds <= LEASE_SECONDS, `${moved.seconds} s are left`);
      t.deepEqual(await clientsOf(edge.host.net, client), ['eth0']);
    },
  );

  labTest('dhclient: the move is undone if the client cannot be started on the bridge', async (t) => {
    const { edge, address } = await startLeased(t, client);
    const { net } = edge.host;
    // A directory has the name of the file that the client's leases go to.
    mkdirSync(filesOf(edge.host.dir, 'breth0').leases);
    const { exitCode, stderr } = await edge.host.run('ovn-k8s-util', [
      ...['nics-to-bridge', '--restart-dhcp', 'eth0'],
    ]);
    t.is(exitCode, 1);
    t.regex(stderr, /restart dhclient on breth0, failed: .*; everything is as it was/);
    t.is((await leaseOf(net, 'eth0')).local, address);
    t.deepEqual(await clientsOf(net, client), ['eth0']);
    t.is(await edge.host.vsctl('list-br'), '');
  });
}

function testDhcpcd(client: DhcpClient): void {
  labTest('dhcpcd: a NIC is not moved without --restart-dhcp', async (t) => {
    const { edge, address } = await startLeased(t, client);
    const { net } = edge.host;
    const { exitCode, stderr } = await edge.host.run('ovn-k8s-util', ['nics-to-bridge', 'eth0']);
    t.is(exitCode, 1);
    t.regex(stderr, /eth0: dhcpcd would give eth0 its address back 5 s after the move; add --restart-dhcp/);
    t.is((await leaseOf(net, 'eth0')).local, address);
    t.deepEqual(await clientsOf(net, client), ['eth0']);
    t.is(await edge.host.vsctl('list-br'), '');
  });
}

labTest(
  "--restart-dhcp runs nothing of a user's process that calls itself dhclient, and names it",
  async (t) => {
    const { lab, host } = await startEdge();
    const evil = mkdtempSync(join(tmpdir(), 'evil-'));
    t.teardown(() => {
      lab.dispose();
      rmSync(evil, { recursive: true });
    });
    // What root would run: as the client's own name, as its script.
    const [program, ran, fifo] = ['dhclient', 'ran', 'fifo'].map((name) => join(evil, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(program, `#!/bin/sh\nid -u >> ${ran}\n`);
    chmodSync(program, 0o755);
    chmodSync(evil, 0o755);
    await execa('mkfifo', ['-m', '666', fifo]);
    // An address with a lifetime, as from DHCP.
    await host.net.ip(`addr change ${EDGE.v4}/24 dev eth0 valid_lft 3600 preferred_lft 3600`);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    // One process has the name in its arguments, which root ran once; two have it as the kernel's name.
    const copy = join(evil, 'copy', 'dhclient');
    mkdirSync(dirname(copy));
    copyFileSync('/bin/cat', copy);
    const liar = host.net.spawn([...nobody, 'bash', '-c', 'exec -a "$0" cat "$@"', program, fifo, 'eth0']);
    const users = host.net.spawn([...nobody, copy, fifo, 'eth0']);
    const roots = host.net.spawn([copy, fifo, 'eth0']);
    const started = [
      [liar, program],
      [users, copy],
      [roots, copy],
    ] as const;
    for (const [{ pid }, name] of started)
      await until(`${name} to run`, () =>
        when(readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${name}\0`)),
      );

    const { exitCode, stdout, stderr } = await host.run('ovn-k8s-util', [
      'nics-to-bridge',
      '--restart-dhcp',
      'eth0',
    ]);
    t.is(exitCode, 0, stderr);
    t.false(existsSync(ran), 'root ran the program of a user');
    t.regex(
      stdout,
      new RegExp(
        `^note: process ${users.pid} calls itself dhclient and does not run as root: it is left alone$`,
        'm',
      ),
    );
    t.regex(
      stdout,
      new RegExp(
        `^note: process ${roots.pid} calls itself dhclient and does not run this host's program: it is left alone$`,
        'm',
      ),
    );
    t.regex(stdout, /no known client renews it/);
    for (const [{ pid }] of started) t.true(existsSync(`/proc/${pid}`), 'it still runs');
  },
);
