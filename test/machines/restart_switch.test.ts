import { FAR } from '../../lab/cluster.js';
import type { Machine } from '../../lab/machine/machine.js';
import { machineTest } from '../../lab/machine/machine_test.js';
import { Pinger, type PingReport, reportOf } from '../../lab/ping.js';
import { startSubject } from './recovery.js';

/** How often each command restarts the switch. */
const ROUNDS = 3;
/** Seconds for which the pod sends: longer than a restart with all its consequences. */
const SECONDS = 8;
/** Requests to the host before each restart; the pod's begin with them. */
const REQUESTS = 200;
const COMMANDS = {
  'restart-switch': ['ovn-k8s-util', 'restart-switch'],
  'systemctl restart openvswitch-switch': ['systemctl', 'restart', 'openvswitch-switch'],
} as const;

machineTest('restart-switch loses fewer packets of a pod than a restart of openvswitch-switch', async (t) => {
  t.timeout(300_000);
  const { cluster, machine } = await startSubject(t, 'trixie', 'systemd-networkd static');
  const database = await pidOf(machine, 'ovsdb-server');
  const lost = new Map<string, { host: number[]; pod: number[] }>();
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [name, command] of Object.entries(COMMANDS)) {
      const before = await pidOf(machine, 'ovs-vswitchd');
      const ofHost = await Pinger.start(cluster.outside, machine.v4);
      const ofPod = pingFromPod(machine);
      await ofHost.answered(REQUESTS);
      const printed = await machine.run(...command);
      const pod = await ofPod;
      const host = await ofHost.close();
      t.not(await pidOf(machine, 'ovs-vswitchd'), before, name);
      if (name === 'restart-switch' && round === 1) {
        t.is(await pidOf(machine, 'ovsdb-server'), database, 'the database goes on');
        t.log(printed);
      }
      const all = lost.get(name) ?? { host: [], pod: [] };
      all.host.push(host.lost.length);
      all.pod.push(pod.lost.length);
      lost.set(name, all);
    }
  }
  for (const [name, { host, pod }] of lost)
    t.log(
      `${name}: of the host's pings, 5 ms apart, ${median(host)} lost (${host.join(', ')}); of the pod's ${median(pod)} (${pod.join(', ')})`,
    );
  const [ours, theirs] = [...lost.values()];
  if (ours === undefined || theirs === undefined) return t.fail();
  t.true(median(ours.pod) <= median(theirs.pod));
  await machine.powerOff();
});

async function pidOf(machine: Machine, program: string): Promise<string> {
  return (await machine.run('cat', `/run/openvswitch/${program}.pid`)).trim();
}

async function pingFromPod(machine: Machine): Promise<PingReport> {
  const ping = ['ping', '-n', '-D', '-i', '0.005', '-w', String(SECONDS), FAR.v4];
  return reportOf((await machine.attempt('ip', 'netns', 'exec', 'pod', ...ping)).stdout);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
