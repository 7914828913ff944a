import { setImmediate as turn } from 'node:timers/promises';
import { accepts } from '../../lab/ovsdb_server.js';
import { until } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import { Gateway } from '../lab/gateway.js';
import { Witness } from '../lab/witness.js';
import { timeProcess } from '../processes.js';

const DELETIONS = 100;
const SWITCH_RESTARTS = 10;
const PATCHES = 20;
const PATCH = 'k8s-patch-breth0-br-int';

export const repair: Section = {
  name: 'repair',
  about: [
    'ovs-ofctl del-flows breth0 while the helper runs: time from the last deletion until the last flow is restored, both',
    "stamped by the benchmark's own ovs-ofctl monitor --timestamp. The reference, alternating with it, is one ovs-ofctl add-flow on",
    'br-int of the same ovs-vswitchd, from its start to its end.',
    'The port to OVN deleted: time from the end of ovs-vsctl del-port until the last flow for the recreated port.',
    'ovs-vswitchd killed and restarted: time from when breth0.mgmt accepts a connection until all flows are restored.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    await gateway.startHelper();
    const { deletions, bare } = await repairDeletions(gateway);
    const patches = await repairPatch(gateway);
    const restarts: number[] = [];
    for (let round = 0; round < SWITCH_RESTARTS; round += 1) restarts.push(await restartSwitch(gateway));
    gateway.dispose();

    const reference: Figure = { name: 'one ovs-ofctl', unit: 'ms', samples: bare };
    return {
      figures: [
        reference,
        {
          name: 'flows deleted',
          unit: 'ms',
          samples: deletions,
          to: reference,
          targets: [{ of: 'p99', as: 'ratio', atMost: 4 }],
        },
        { name: 'port to OVN deleted', unit: 'ms', samples: patches, to: reference },
        {
          name: 'ovs-vswitchd killed',
          unit: 'ms',
          samples: restarts,
          to: reference,
          targets: [
            { of: 'median', as: 'value', atMost: 40 },
            { of: 'p99', as: 'value', atMost: 250 },
          ],
        },
      ],
    };
  },
};

async function repairDeletions(gateway: Gateway): Promise<{ deletions: number[]; bare: number[] }> {
  const witness = await Witness.open(gateway.socket('breth0'), 'watch:!initial');
  const flows = await gateway.ourCookies();
  const deletions: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < DELETIONS; round += 1) {
    bare.push(
      timeProcess([
        ...(['ovs-ofctl', 'add-flow', `unix:${gateway.socket('br-int')}`] as const),
        `priority=1,tcp,tp_dst=${round + 1},actions=drop`,
      ]),
    );
    witness.forget();
    timeProcess(['ovs-ofctl', 'del-flows', `unix:${gateway.socket('breth0')}`]);
    const whole = await witness.arrived(flows);
    deletions.push(whole - witness.lastDeletionMs);
    await gateway.settled();
  }
  witness.close();
  return { deletions, bare };
}

/** Deletes the patch port and times its repair. The new port has a new number each time, so its flows are new too. */
async function repairPatch(gateway: Gateway): Promise<number[]> {
  const witness = await Witness.open(gateway.socket('breth0'), 'watch:!initial');
  const times: number[] = [];
  for (let round = 0; round < PATCHES; round += 1) {
    const before = new Set(await gateway.ourCookies());
    witness.forget();
    await gateway.host.vsctl('del-port', PATCH);
    const gone = Date.now();
    const fresh = await until('flows of the new port', async () => {
      const cookies = await gateway.ourCookies();
      const others = cookies.filter((cookie) => !before.has(cookie));
      return cookies.length === before.size && others.length > 0 ? others : undefined;
    });
    times.push((await witness.arrived(fresh)) - gone);
    await gateway.settled();
  }
  witness.close();
  return times;
}

async function restartSwitch(gateway: Gateway): Promise<number> {
  const { host } = gateway;
  await host.killSwitch();
  while (await accepts(gateway.socket('breth0'))) await turn();
  const starting = host.startSwitch();
  const accepted = await firstAccept(gateway.socket('breth0'));
  const witness = await Witness.open(gateway.socket('breth0'), 'watch:');
  await starting;
  // Ports may have new numbers, and their flows new cookies, so the cookies are known only at the end.
  await gateway.settled();
  const whole = await witness.arrived(await gateway.ourCookies());
  witness.close();
  return whole - accepted;
}

/** Returns when a socket that refuses or does not exist first accepts a connection. */
async function firstAccept(path: string): Promise<number> {
  while (!(await accepts(path))) await turn();
  return Date.now();
}
