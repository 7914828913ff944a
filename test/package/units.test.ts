import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { startHost } from '../../lab/host.js';
import { Lab } from '../../lab/lab.js';
import { labTest } from '../../lab/lab_test.js';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { executable, PROJECT } from '../../lab/project.js';
import { toolTest } from '../../lab/tool_test.js';
import { until, when } from '../../lab/until.js';
import { Wire } from '../../lab/wire.js';
import { readCommandLines } from '../../packaging/manual/command_table.js';
import { FLOW_RESTORE_WAIT } from '../../src/switch/restore_wait.js';

const FOLDER = join(PROJECT, 'packaging/systemd');
const DAEMONS = ['ovn-k8s-gateway-helper', 'ovn-k8s-node', 'ovn-k8s-watcher'];
const UNITS = [
  ...DAEMONS,
  'ovn-k8s-node-init',
  'ovn-k8s-gateway-gate',
  'ovn-k8s-nic-release',
  'ovn-k8s-unconfirmed',
];
/** What `systemd-analyze security` may say at most, of 10. */
const MOST_EXPOSURE = 4;

const textOf = (unit: string) => readFileSync(join(FOLDER, `${unit}.service`), 'utf8');

/** Returns the values of a key, in the order of the unit. */
function valuesOf(unit: string, key: string): readonly string[] {
  return [...textOf(unit).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

for (const unit of DAEMONS)
  test(`${unit} reports when it is ready, is watched, has a memory limit and is always restarted`, (t) => {
    t.deepEqual(valuesOf(unit, 'Type'), ['notify']);
    t.deepEqual(valuesOf(unit, 'Restart'), ['always']);
    t.deepEqual(valuesOf(unit, 'StartLimitIntervalSec'), ['0']);
    t.regex(valuesOf(unit, 'WatchdogSec')[0] ?? '', /^\d+$/);
    const most = Number(/^(\d+)M$/.exec(valuesOf(unit, 'MemoryMax')[0] ?? '')?.[1]);
    const heap = Number(/--max-old-space-size=(\d+)/.exec(valuesOf(unit, 'Environment')[0] ?? '')?.[1]);
    t.true(heap + 200 <= most, 'V8 says that the heap is full before the kernel kills the daemon');
    t.deepEqual(valuesOf(unit, 'RestartPreventExitStatus'), ['2'], 'a wrong option');
  });

test('the units give the daemons only options that they have', async (t) => {
  const commands = await readCommandLines();
  for (const unit of DAEMONS) {
    const known = commands.get(unit)?.options.map(({ long }) => long) ?? [];
    const given = valuesOf(unit, 'ExecStart')[0]?.match(/--[a-z-]+/g) ?? [];
    t.true(given.length > 0, unit);
    t.deepEqual(
      given.filter((option) => !known.includes(option)),
      [],
      unit,
    );
  }
});

test('a file of /etc/default is a shell fragment that sets nothing', async (t) => {
  for (const unit of DAEMONS) {
    const text = readFileSync(join(PROJECT, 'packaging/default', unit), 'utf8');
    const { stdout } = await execa('bash', [
      '-euc',
      `${text}\necho "[\${BRIDGE-}\${NIC-}\${NODE_INIT-}$OPTIONS]"`,
    ]);
    t.is(stdout, '[]', unit);
    const settings = text.split('\n').filter((line) => !line.startsWith('#') && line !== '');
    t.is(settings.at(-1), 'OPTIONS=""');
  }
});

for (const unit of UNITS)
  test(`no stop of another unit stops ${unit}, and it starts after the switch's database`, (t) => {
    for (const key of ['Requires', 'Requisite', 'BindsTo', 'PartOf', 'Conflicts'])
      t.deepEqual(valuesOf(unit, key), [], key);
    t.regex(valuesOf(unit, 'After')[0] ?? '', /\bovsdb-server\.service\b/);
  });

test('at boot the patch port is taken from OVN before the switch and ovn-controller start', (t) => {
  const [before = ''] = valuesOf('ovn-k8s-gateway-gate', 'Before');
  t.deepEqual(before.split(' '), ['ovs-vswitchd.service', 'ovn-controller.service']);
  t.deepEqual(valuesOf('ovn-k8s-gateway-gate', 'WantedBy'), ['ovs-vswitchd.service']);
});

labTest("the gate's unit takes iface-id from the gateway's patch port, and from no other", async (t) => {
  const { host } = await startGated(t);
  const ids = async () => {
    const found = await host.vsctl(
      '--bare',
      '--columns=name',
      'find',
      'Interface',
      'external_ids:iface-id!=""',
    );
    return found.split('\n').filter(Boolean).toSorted();
  };
  t.deepEqual(await ids(), ['k8s-patch-br-int-breth0', 'pod']);
  const [command = ''] =
    /'(.*)'/.exec(valuesOf('ovn-k8s-gateway-gate', 'ExecStart').at(-1) ?? '')?.slice(1) ?? [];
  for (let run = 1; run <= 2; run++) {
    await host.exec(['env', 'BRIDGE=breth0', 'sh', '-euc', command.replaceAll('$$', '$')]);
    t.deepEqual(await ids(), ['pod']);
  }
});

test('at boot every host ends the wait of a restart-switch that a power loss cut short', async (t) => {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  const vsctl = async (...args: string[]) =>
    (await execa('ovs-vsctl', [`--db=${server.remote}`, '--no-wait', ...args])).stdout;
  await vsctl(
    'set',
    'Open_vSwitch',
    '.',
    `other_config:${FLOW_RESTORE_WAIT}=true`,
    'other_config:hw-offload=false',
  );
  t.deepEqual(
    valuesOf('ovn-k8s-gateway-gate', 'ExecCondition').filter((value) => value.includes('BRIDGE')),
    [],
  );
  for (const value of valuesOf('ovn-k8s-gateway-gate', 'ExecStart')) {
    const [, script = ''] = /^\/bin\/sh -c '(.*)'$/.exec(value) ?? [];
    const command = script.replaceAll('$$', '$').replaceAll('ovs-vsctl ', `ovs-vsctl --db=${server.remote} `);
    await execa('sh', ['-c', command], { env: { BRIDGE: '' } });
  }
  t.is(await vsctl('get', 'Open_vSwitch', '.', 'other_config'), '{hw-offload="false"}');
});

test('a start or a restart of a daemon does not run ovn-k8s-node-init, which moves a NIC', (t) => {
  for (const unit of DAEMONS)
    for (const wanted of valuesOf(unit, 'Wants')) t.notRegex(wanted, /ovn-k8s-node-init/, unit);
});

test('at boot only a NIC on a bridge of the kernel datapath is taken off, and none while its bridge works', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [, script = ''] =
    /^\/bin\/sh -c '(.*)'$/.exec(valuesOf('ovn-k8s-nic-release', 'ExecStart')[0] ?? '') ?? [];
  const log = join(folder, 'log');
  const standIns = {
    ip: '[ "$4" = breth9 ]',
    'ovs-vsctl': `case "$*" in *get*breth0*) echo netdev ;; *get*) echo system ;; *) echo "$@" >>${log} ;; esac`,
  };
  for (const [name, text] of Object.entries(standIns))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  await execa('sh', ['-c', script.replaceAll('$$', '$')], {
    env: { PATH: `${folder}:${process.env.PATH}`, NIC: 'eth0 eth1 eth9' },
  });
  t.is(readFileSync(log, 'utf8'), '--timeout=10 --no-wait --if-exists del-port breth1 eth1\n');
});

toolTest(
  ['systemd-analyze'],
  `systemd-analyze rates the exposure of each daemon at ${MOST_EXPOSURE} or less`,
  async (t) => {
    for (const unit of DAEMONS) {
      const file = join(FOLDER, `${unit}.service`);
      const { stdout } = await execa('systemd-analyze', ['security', '--offline=yes', '--no-pager', file]);
      const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
      t.log(`${unit}: ${exposure}`);
      t.true(Number(exposure) <= MOST_EXPOSURE, stdout);
    }
  },
);

toolTest(['systemd-analyze'], 'systemd-analyze finds no fault in the units', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'units-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const unit of UNITS) {
    // The executables are not installed here.
    const text = textOf(unit).replaceAll(/\/usr\/s?bin\/ovn-k8s-[a-z-]+/g, '/bin/true');
    const file = join(folder, `${unit}.service`);
    writeFileSync(file, text);
    const { all } = await execa('systemd-analyze', ['verify', '--man=no', file], {
      all: true,
      reject: false,
    });
    t.deepEqual(
      all.split('\n').filter((line) => line.includes(unit)),
      [],
    );
  }
});

toolTest(
  ['root', 'setpriv', 'unshare'],
  'ovn-k8s-node may listen on a healthCheckNodePort below 1024',
  async (t) => {
    const listen = "require('node:net').createServer().listen(88, () => process.exit())";
    const argv = [...withRightsOf('ovn-k8s-node'), process.execPath, '-e', listen];
    const { exitCode, stderr } = await execa('unshare', ['--net', ...argv], { reject: false });
    t.is(exitCode, 0, stderr);
  },
);

labTest('the helper works with the capabilities of its unit alone', async (t) => {
  const wire = await Wire.start();
  t.teardown(() => wire.dispose());
  const helper = wire.host.net.spawn([
    ...withRightsOf('ovn-k8s-gateway-helper'),
    ...[process.execPath, executable('ovn-k8s-gateway-helper')],
    ...['--physical-bridge=breth0', '--physical-interface=eth0', '--pidfile'],
  ]);
  t.teardown(() => helper.stop());
  await until('the rules', async () => {
    const { exitCode } = await wire.host.net.attempt([
      'ovs-appctl',
      '-t',
      'ovn-k8s-gateway-helper',
      'flow/sync',
    ]);
    return when(exitCode === 0);
  });
  const flows = await wire.host.ofctl('--no-stats', 'dump-flows', 'breth0');
  t.true(flows.trim().split('\n').length > 5, flows);
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(
    readFileSync(`/proc/${helper.pid}/status`, 'utf8'),
  )?.[1];
  t.is(Number(`0x${capabilities}`), 1 << 13, 'CAP_NET_RAW');
  await until('its packet socket', async () => {
    const sockets = await wire.host.exec(['cat', '/proc/net/packet']);
    return when(socketsOf(helper.pid).some((inode) => new RegExp(` ${inode}$`, 'm').test(sockets)));
  });
});

/** Starts a switch whose database has a gateway's patch pair and a pod's port, both with `iface-id`. */
async function startGated(t: ExecutionContext) {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const host = await startHost(lab, 'gw');
  const end = (bridge: string, name: string, peer: string) => [
    ...['--', 'add-port', bridge, name, '--', 'set', 'Interface', name, 'type=patch', `options:peer=${peer}`],
  ];
  await host.vsctl(
    ...['add-br', 'breth0', '--', 'add-br', 'br-int'],
    ...[
      '--',
      'set',
      'Bridge',
      'breth0',
      'datapath_type=netdev',
      '--',
      'set',
      'Bridge',
      'br-int',
      'datapath_type=netdev',
    ],
    ...end('breth0', 'k8s-patch-breth0-br-int', 'k8s-patch-br-int-breth0'),
    ...end('br-int', 'k8s-patch-br-int-breth0', 'k8s-patch-breth0-br-int'),
    ...['external_ids:iface-id=breth0_gw', 'external_ids:other=kept'],
    ...[
      '--',
      'add-port',
      'br-int',
      'pod',
      '--',
      'set',
      'Interface',
      'pod',
      'type=internal',
      'external_ids:iface-id=pod',
    ],
  );
  return { host };
}

/** Returns a command that gives another one the capabilities of a unit alone. */
function withRightsOf(unit: string): readonly string[] {
  const allowed = (valuesOf(unit, 'CapabilityBoundingSet')[0] ?? '')
    .split(' ')
    .map((name) => `+${name.replace('CAP_', '').toLowerCase()}`);
  return ['setpriv', `--bounding-set=-all,${allowed.join(',')}`, '--no-new-privs'];
}

/** Returns the inodes of a process's sockets (proc(5), fd). */
function socketsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(join(folder, fd))) ?? [];
    return inode === undefined ? [] : [inode];
  });
}

/** Returns where a link leads; nothing for a descriptor that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
