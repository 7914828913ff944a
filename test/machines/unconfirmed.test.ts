import { startOutside } from '../../lab/cluster.js';
import { Lab } from '../../lab/lab.js';
import { Machine } from '../../lab/machine/machine.js';
import { machineTest } from '../../lab/machine/machine_test.js';
import { installPackage } from '../../lab/machine/product.js';
import { Reachable } from '../../lab/machine/reachable.js';
import { when } from '../../lab/until.js';

const FILE = '/var/lib/ovn-k8s-gateway/unconfirmed.json';
/** Milliseconds in which a move is taken back once its time is over. */
const BACK_MS = 30_000;

machineTest(
  'a move that nobody confirms is taken back by a service of systemd, and after a reboot',
  async (t) => {
    t.timeout(300_000);
    const lab = Lab.open();
    t.teardown(() => lab.dispose());
    const outside = await startOutside(lab);
    const machine = await Machine.make({
      ...{ lab, outside, label: 'host', suite: 'trixie', network: 'systemd-networkd static' },
    });
    await machine.start();
    await machine.booted();
    await installPackage(machine);
    const ping = Reachable.start(outside, machine.v4);
    const began = Date.now();
    await ping.firstAnswer(began, BACK_MS);
    const before = await addresses(machine);
    const isBack = async (what: string) => {
      await machine.waitFor(
        what,
        async () => when((await machine.attempt('test', '-e', FILE)).exitCode !== 0),
        BACK_MS,
      );
      t.is(await addresses(machine), before, what);
      t.not((await machine.attempt('ovs-vsctl', 'br-exists', 'breth0')).exitCode, 0, what);
      t.is(
        await machine.run('systemctl', 'list-units', '--failed', '--plain', '--no-legend', 'ovn-k8s-*'),
        '',
        what,
      );
    };

    // As the end of a login with KillUserProcesses=yes: all processes of its control group are killed.
    await machine
      .run(
        ...['systemd-run', '--scope', '--quiet', '--unit=login', 'setsid', 'sh', '-c'],
        'ovn-k8s-util nics-to-bridge --confirm 10 eth0 && kill -9 -$$; :',
      )
      .catch(() => undefined);
    await machine.attempt('systemctl', 'kill', '--signal=KILL', 'login.scope');
    await machine.run('ovs-vsctl', 'br-exists', 'breth0');
    const unit = (
      await machine.run('systemctl', 'list-units', '--plain', '--no-legend', 'ovn-k8s-unconfirmed-*')
    ).split(' ')[0];
    t.regex(unit ?? '', /^ovn-k8s-unconfirmed-[0-9a-f]+\.service$/);
    await machine.run('systemctl', 'kill', '--signal=KILL', unit ?? '');
    await isBack('the way back after the session ended');
    const { ms } = ping.longestGap(began);
    t.log(`moved there and back: longest gap ${Math.round(ms)} ms`);
    t.true(ms <= 1_000);

    await machine.run('ovn-k8s-util', 'nics-to-bridge', '--confirm', '600', 'eth0');
    t.not(await addresses(machine), before);
    await machine.powerLoss();
    await machine.start();
    await machine.booted();
    await isBack('the way back after a reboot');
    const on = Date.now();
    t.true((await ping.firstAnswer(on, BACK_MS)) - on < 1_000);
    await ping.close();
    await machine.powerOff();
  },
);

async function addresses(machine: Machine): Promise<string> {
  const text = await machine.run('ip', '-brief', 'address', 'show', 'scope', 'global');
  return text.replaceAll(/@\S+/g, '').replaceAll(/ +/g, ' ');
}
