import { FAR } from '../../lab/cluster.js';
import { machineTest } from '../../lab/machine/machine_test.js';
import { buildPackage, installPackage } from '../../lab/machine/product.js';
import { when } from '../../lab/until.js';
import { VERSION } from '../../src/daemon/version.js';
import { startSubject } from './recovery.js';

const UPGRADED = `${VERSION}+upgraded`;
const LOG = '/run/flow-events';
/** Packets that each ping sends, and milliseconds between two. */
const PACKETS = 2_000;
const INTERVAL = '0.01';
/** Milliseconds in which the daemons of the new version are ready. */
const READY_MS = 30_000;

machineTest(
  'an upgrade of the package changes no flow, and loses no packet of the host or of a pod',
  async (t) => {
    t.timeout(300_000);
    const deb = await buildPackage(UPGRADED);
    const { cluster, machine } = await startSubject(t, 'trixie', 'systemd-networkd static');
    await machine.run(
      ...['systemd-run', '--quiet', '--collect', '--unit=flow-events', 'sh', '-c'],
      `exec ovs-ofctl monitor breth0 'watch:!initial' >${LOG} 2>&1`,
    );
    await machine.waitFor('the monitor', async () =>
      when((await machine.attempt('pgrep', '-f', 'ovs-ofctl monitor')).exitCode === 0),
    );
    const ping = ['ping', '-q', '-c', String(PACKETS), '-i', INTERVAL];
    const pings = {
      host: cluster.outside.attempt([...ping, machine.v4]),
      'host, IPv6': cluster.outside.attempt([...ping, machine.v6]),
      pod: machine.attempt('ip', 'netns', 'exec', 'pod', ...ping, FAR.v4),
      'pod, IPv6': machine.attempt('ip', 'netns', 'exec', 'pod', ...ping, FAR.v6),
    };
    const before = await machine.run('pidof', '-s', 'ovs-vswitchd');
    const began = Date.now();
    await installPackage(machine, deb);
    await machine.waitFor(
      'the daemons of the new version',
      async () => {
        const units = ['ovn-k8s-gateway-helper', 'ovn-k8s-node'];
        const { stdout } = await machine.attempt('systemctl', 'is-active', ...units);
        return when(stdout === 'active\nactive');
      },
      READY_MS,
    );
    t.log(`upgraded in ${Date.now() - began} ms`);
    for (const [who, running] of Object.entries(pings)) {
      const { stdout } = await running;
      t.regex(stdout, new RegExp(`^${PACKETS} packets transmitted, ${PACKETS} received`, 'm'), who);
    }
    t.is(await machine.run('dpkg-query', '--show', 'ovn-k8s-gateway'), `ovn-k8s-gateway\t${UPGRADED}`);
    // The empty reply to the monitor's request, and no event.
    t.regex(await machine.run('cat', LOG), /^NXST_FLOW_MONITOR reply [^\n]*$/, 'no flow changed');
    t.is(await machine.run('pidof', '-s', 'ovs-vswitchd'), before);
    await machine.powerOff();
  },
);
