import { join } from 'node:path';
import { startOutside } from '../../lab/cluster.js';
import { ADVERTISEMENTS, startDhcpServer } from '../../lab/dhcp.js';
import { Lab } from '../../lab/lab.js';
import { Machine } from '../../lab/machine/machine.js';
import { machineTest } from '../../lab/machine/machine_test.js';
import { NETWORKS, type NetworkName } from '../../lab/machine/network.js';
import type { Suite } from '../../lab/machine/tree.js';
import { when } from '../../lab/until.js';

const SUITES: readonly Suite[] = ['trixie', 'bookworm'];
const NAMES = Object.keys(NETWORKS) as NetworkName[];

for (const suite of SUITES)
  machineTest(
    `${suite}: a machine of each network manager has its address after a boot and after a power loss`,
    async (t) => {
      t.timeout(600_000);
      const lab = Lab.open();
      t.teardown(() => lab.dispose());
      const outside = await startOutside(lab);
      await startDhcpServer(outside, join(lab.dir, 'leases'), ...ADVERTISEMENTS);
      for (const [index, network] of NAMES.entries()) {
        const machine = await Machine.make({ lab, outside, label: `host${index}`, suite, network });
        for (const end of ['powerLoss', 'powerOff'] as const) {
          const on = Date.now();
          await machine.start();
          const address = await machine.waitFor(
            `an address (${network})`,
            () => machine.address4('eth0'),
            30_000,
          );
          await machine.waitFor(`an answer (${network})`, async () =>
            when((await outside.attempt(['ping', '-c', '1', '-W', '1', address])).exitCode === 0),
          );
          const answered = Date.now() - on;
          await machine.booted();
          t.is(
            (await machine.attempt('systemctl', '--failed', '--plain', '--no-legend')).stdout,
            '',
            network,
          );
          t.log(`${network}: answers ${answered} ms after power-on, booted ${Date.now() - on} ms after it`);
          await machine[end]();
        }
      }
    },
  );
