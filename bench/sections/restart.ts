import { signal } from '../../lab/namespace.js';
import { until, when } from '../../lab/until.js';
import type { Report, Section } from '../figure.js';
import { Stream } from '../lab/datagrams.js';
import { Gateway, HOST } from '../lab/gateway.js';
import { Witness } from '../lab/witness.js';

const RESTARTS = 8;
const PORT = 5002;
const INTERVAL_MS = 1;

export const restart: Section = {
  name: 'restart',
  about: [
    'The helper exits and starts again while its flows are right, and while the host answers datagrams from outside, 1 ms',
    'apart. The changes of its flows that an ovs-ofctl monitor reports, and the missing answers.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    await gateway.startHelper();
    const changes: number[] = [];
    const lost: number[] = [];
    let datagrams = 0;
    for (let round = 0; round < RESTARTS; round += 1) {
      const witness = await Witness.open(gateway.socket('breth0'), 'watch:!initial');
      const to = { in: gateway.host.net, address: HOST.v4, port: PORT };
      const stream = await Stream.open(gateway.outside, to, INTERVAL_MS);
      await stopHelper(gateway);
      await gateway.startHelper();
      await gateway.settled();
      const { sent, answered } = await stream.close();
      witness.close();
      changes.push(witness.changes.length);
      lost.push(sent - answered);
      datagrams += sent;
    }
    gateway.dispose();
    const none = [{ of: 'p99', as: 'value', atMost: 0 }] as const;
    return {
      figures: [
        { name: 'flows changed', unit: 'a restart', samples: changes, targets: none },
        { name: 'datagrams lost', unit: 'a restart', samples: lost, targets: none },
      ],
      notes: [`${datagrams} datagrams in all.`],
    };
  },
};

/** Stops the helper; resolves when its process has ended, so that another one may take its pidfile. */
async function stopHelper(gateway: Gateway): Promise<void> {
  const pid = await gateway.helperPid();
  await gateway.helper('exit');
  await until('the helper to end', () => when(!signal(pid, 0)));
}
