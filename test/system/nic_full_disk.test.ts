import type { ExecutionContext } from 'ava';
import { changes, inventory, startLadenEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';
import { SmallDisk } from '../../lab/small_disk.js';
import { sleep } from '../../src/daemon/sleep.js';

const THERE = ['nics-to-bridge', 'eth0'];
const BACK = ['bridge-to-nics', 'breth0'];
/** Bytes that still fit on the database's disk: each has another write fail, of the command or of ovs-vswitchd. */
const ROOM_THERE = [1, 300, 600, 900, 1_500];
const ROOM_BACK = [1, 100, 200, 300, 400];
/** This long after a write failed, a step with `--timeout=1` has given up and its undo waits for room. */
const UNDO_BEGINS_MS = 3_000;

labTest(
  "a move continues although the database's disk is full for a moment, in either direction",
  async (t) => {
    const { host, disk, before } = await begin(t);
    for (const [index, roomThere] of ROOM_THERE.entries()) {
      for (const [args, device, room] of [
        [THERE, 'breth0', roomThere],
        [BACK, 'eth0', ROOM_BACK[index] ?? 1],
      ] as const) {
        await disk.fill(room);
        const moving = host.run('ovn-k8s-util', args);
        const isMet = await disk.isMet(moving);
        disk.free();
        const { exitCode, stderr } = await moving;
        const what = `${args[0]} with room for ${room} bytes`;
        t.true(isMet, `${what}: the disk was full for a write`);
        t.is(exitCode, 0, `${what}: ${stderr}`);
        t.deepEqual(changes(before, await inventory(host.net, device)), [], what);
      }
      t.is(await host.vsctl('list-br'), '');
    }
  },
);

labTest("a move is undone when the database's disk is full for longer than --timeout", async (t) => {
  const { host, disk, before } = await begin(t);
  for (const room of ROOM_THERE) {
    await disk.fill(room);
    const moving = host.run('ovn-k8s-util', [...THERE, '--timeout=1']);
    const isMet = await disk.isMet(moving);
    await Promise.race([moving, sleep(UNDO_BEGINS_MS)]);
    disk.free();
    const { exitCode, stderr } = await moving;
    const what = `room for ${room} bytes: ${stderr}`;
    t.true(isMet, `${what}: the disk was full for a write`);
    t.is(exitCode, 1, what);
    t.regex(stderr, /; everything is as it was\n?$/, what);
    t.deepEqual(changes(before, await inventory(host.net, 'eth0')), [], what);
    t.is(await host.vsctl('list-br'), '', what);
    t.is((await host.net.exec(['nft', 'list', 'ruleset'])).trim(), '', what);
  }
  t.is((await host.run('ovn-k8s-util', THERE)).exitCode, 0);
});

async function begin(t: ExecutionContext) {
  const { lab, host } = await startLadenEdge();
  t.teardown(() => lab.dispose());
  return { host, disk: await SmallDisk.under(host), before: await inventory(host.net, 'eth0') };
}
