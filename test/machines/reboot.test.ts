import { clusterMachineTest } from '../../lab/machine/machine_test.js';
import type { NetworkName } from '../../lab/machine/network.js';
import { note } from '../../lab/machine/report.js';
import type { Suite } from '../../lab/machine/tree.js';
import { bootAgain, startSubject } from './recovery.js';

const SUITES: readonly Suite[] = ['trixie', 'bookworm'];
const NETWORKS: readonly NetworkName[] = ['systemd-networkd static', 'ifupdown static'];
const REBOOTS = Number(process.env.REBOOTS ?? 2);

for (const suite of SUITES)
  for (const network of NETWORKS)
    clusterMachineTest(
      `${suite}, ${network}: a gateway's host and its pods are back after each reboot`,
      async (t) => {
        t.timeout(300_000);
        const subject = await startSubject(t, suite, network);
        note({ suite, network, step: 'move', ...subject.moved });
        for (let boot = 1; boot <= REBOOTS; boot++) {
          await subject.machine.powerOff();
          const measured = await bootAgain(t, subject, `boot ${boot}`);
          note({ suite, network, step: `reboot ${boot}`, ...measured });
        }
        await subject.machine.powerOff();
      },
    );
