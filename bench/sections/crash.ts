import type { Host } from '../../lab/host.js';
import type { Namespace } from '../../lab/namespace.js';
import { Pinger } from '../../lab/ping.js';
import { until, when } from '../../lab/until.js';
import type { Report, Section } from '../figure.js';
import { Gateway, HOST, startBareBridge } from '../lab/gateway.js';

const CRASHES = 15;
/** Requests that are answered before each crash, and after the host answers again. */
const REQUESTS = 100;
/** More requests than can be lost. */
const MOST_LOST = 400;

export const crash: Section = {
  name: 'crash',
  about: [
    'ovs-vswitchd is killed by SIGKILL and started again at once: pings of the host that are not answered, 5 ms apart. The',
    'reference, alternating with it, is a host with its NIC on a bridge that has one flow, NORMAL, and no other bridge.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    await gateway.startHelper();
    const bare = await startBareBridge();
    const lost = { gateway: [] as number[], bare: [] as number[] };
    for (let round = 0; round < CRASHES; round += 1) {
      lost.gateway.push(await lostInCrash(gateway.host, gateway.outside));
      await gateway.settled();
      lost.bare.push(await lostInCrash(bare.host, bare.outside));
    }
    gateway.dispose();
    bare.lab.dispose();
    const reference = { name: 'bare bridge', unit: 'pings lost', samples: lost.bare };
    return {
      figures: [
        reference,
        {
          name: 'gateway',
          unit: 'pings lost',
          samples: lost.gateway,
          to: reference,
          targets: [{ of: 'median', as: 'ratio', atMost: 1.1 }],
        },
      ],
    };
  },
};

/** Kills the switch and starts it again; returns how many pings of the host are lost. */
async function lostInCrash(host: Host, outside: Namespace): Promise<number> {
  const ping = await Pinger.start(outside, HOST.v4);
  await ping.answered(REQUESTS);
  await host.killSwitch();
  await host.startSwitch();
  await until('the host to answer', async () =>
    when((await outside.attempt(['ping', '-c1', '-W1', HOST.v4])).exitCode === 0),
  );
  await ping.answered(REQUESTS + MOST_LOST);
  return (await ping.close()).lost.length;
}
