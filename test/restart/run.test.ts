import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { directories } from '../../src/daemon/directories.js';
import { GATEWAY_HELPER } from '../../src/daemon/programs.js';
import { UnixctlServer } from '../../src/daemon/unixctl_server.js';
import { restartSwitch } from '../../src/restart/run.js';

const COOKIE = '0x6b38000000000001';

/** A gateway's bridge with one flow of the helper, and a process that answers as the helper does. */
async function gateway(t: ExecutionContext) {
  const ovs = await DummySwitch.start();
  t.teardown(() => ovs.dispose());
  const { rundir } = ovs;
  await ovs.vsctl('set', 'Bridge', BRIDGE, 'external_ids:k8s-node-name=gw');
  await ovs.ofctl('add-flow', `cookie=${COOKIE},priority=8,udp,actions=drop`);
  const server = new UnixctlServer(join(rundir, `${GATEWAY_HELPER}.${process.pid}.ctl`));
  server.register('version', '', 0, 0, () => 'a version');
  await server.listen();
  t.teardown(() => server.close());
  writeFileSync(join(rundir, `${GATEWAY_HELPER}.pid`), `${process.pid}\n`);
  writeFileSync(join(rundir, 'ovs-vswitchd.pid'), `${ovs.pid}\n`);
  const db = `unix:${join(rundir, 'db.sock')}`;
  const flag = async () => {
    const { stdout } = await execa('ovs-vsctl', [`--db=${db}`, 'get', 'Open_vSwitch', '.', 'other_config']);
    return stdout;
  };
  const lines: string[] = [];
  const restart = (command: string, timeoutMs = 10_000) =>
    restartSwitch({
      ...{ command, db, timeoutMs, print: (line: string) => lines.push(line) },
      directories: { ...directories({}), run: rundir },
    });
  return { ovs, db, flag, lines, restart };
}

test('the switch waits until the helper has given the bridge its flows', async (t) => {
  const { ovs, db, flag, lines, restart } = await gateway(t);
  const seen = join(ovs.rundir, 'seen');
  const target = `unix:${ovs.socket}`;
  await restart(`
    ovs-ofctl del-flows ${target} udp
    echo 4194304 >${ovs.rundir}/ovs-vswitchd.pid
    sleep 0.3
    ovs-vsctl --db=${db} get Open_vSwitch . other_config >${seen}
    ovs-ofctl add-flow ${target} cookie=${COOKIE},priority=8,udp,actions=drop
  `);
  t.is(readFileSync(seen, 'utf8'), '{flow-restore-wait="true"}\n');
  t.is(await flag(), '{}');
  t.deepEqual(
    lines.map((line) => line.replace(/\d+ ms$/, 'N ms')),
    [
      'ovs-vswitchd: started after N ms',
      'br0: flows again after N ms',
      'ovs-vswitchd: forwards packets after N ms',
    ],
  );
});

test('flows that do not come are named, and the switch no longer waits', async (t) => {
  const { ovs, flag, restart } = await gateway(t);
  await t.throwsAsync(
    restart(
      `ovs-ofctl del-flows unix:${ovs.socket} udp; echo 4194304 >${ovs.rundir}/ovs-vswitchd.pid`,
      2_000,
    ),
    { code: 'ERR_SWITCH_RESTART', message: /^br0 has 0 flows after 2000 ms, and had 1; see / },
  );
  t.is(await flag(), '{}');
});

test('a command that fails is quoted, and the switch no longer waits', async (t) => {
  const { flag, restart } = await gateway(t);
  await t.throwsAsync(restart('exit 7'), { code: 'ERR_SWITCH_RESTART', message: /^exit 7: exit code 7; / });
  t.is(await flag(), '{}');
});

test("another program's flag is left alone, and a gateway without its helper is not restarted", async (t) => {
  const { ovs, flag, restart } = await gateway(t);
  await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:flow-restore-wait=true');
  await t.throwsAsync(restart('true'), { code: 'ERR_BUSY', message: /another restart is under way/ });
  t.is(await flag(), '{flow-restore-wait="true"}');
  await ovs.vsctl('clear', 'Open_vSwitch', '.', 'other_config');
  writeFileSync(join(ovs.rundir, `${GATEWAY_HELPER}.pid`), '');
  await t.throwsAsync(restart('true'), { code: 'ERR_NOT_RUNNING' });
  t.is(await flag(), '{}');
});
