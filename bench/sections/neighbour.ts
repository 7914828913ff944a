import { join } from 'node:path';
import { Lab } from '../../lab/lab.js';
import { cable } from '../../lab/link.js';
import type { Namespace } from '../../lab/namespace.js';
import { PROJECT } from '../../lab/project.js';
import type { Figure, Report, Section } from '../figure.js';

const ADDRESSES = 10_000;
const ANNOUNCEMENTS = 30;
const QUESTIONS = 200;
/** `arping` waits 1 s between two requests. */
const ARPINGS = 20;
const [HERE, THERE] = ['203.0.113.10', '203.0.113.1'];

interface Samples {
  readonly announce4: readonly number[];
  readonly announce6: readonly number[];
  readonly resolve: readonly number[];
  readonly rtt: readonly number[];
}

export const neighbour: Section = {
  name: 'neighbour',
  about: [
    `On a veth to another host: one call that announces ${ADDRESSES} addresses, from making the frames to sending them; the far`,
    'end counts every frame. One request until the caller has its answer, compared with the time that arping reports.',
  ],

  async measure(): Promise<Report> {
    const lab = Lab.open();
    const [here, there] = [await lab.namespace('here'), await lab.namespace('there')];
    await cable({ in: here, name: 'eth0' }, { in: there, name: 'eth0' });
    await here.ip(`addr add ${HERE}/24 dev eth0`);
    await there.ip(`addr add ${THERE}/24 dev eth0`);
    const before = await received(there);
    const args = ['eth0', THERE, HERE, ADDRESSES, ANNOUNCEMENTS, QUESTIONS].map(String);
    const agent = join(PROJECT, 'dist', 'neighbour_agent.js');
    const samples: Samples = JSON.parse(await here.exec([process.execPath, agent, ...args]));
    const arrived = (await received(there)) - before;
    const arping = await arpings(here);
    lab.dispose();
    const sent = 2 * ADDRESSES * ANNOUNCEMENTS;
    return {
      figures: figuresOf(samples, arping),
      notes: [`${arrived} frames arrived; ${sent} announcements and ${QUESTIONS} requests were sent.`],
    };
  },
};

function figuresOf({ announce4, announce6, resolve, rtt }: Samples, arping: readonly number[]): Figure[] {
  const reference: Figure = { name: "arping's own time", unit: 'ms', samples: arping };
  const quick = [{ of: 'median', as: 'value', atMost: 50 }] as const;
  return [
    { name: `announce ${ADDRESSES}, IPv4`, unit: 'ms', samples: announce4, targets: quick },
    { name: `announce ${ADDRESSES}, IPv6`, unit: 'ms', samples: announce6, targets: quick },
    reference,
    {
      name: 'resolve, the call',
      unit: 'ms',
      samples: resolve,
      to: reference,
      targets: [{ of: 'median', as: 'ratio', atMost: 1.5 }],
    },
    { name: 'resolve, its RTT', unit: 'ms', samples: rtt, to: reference },
  ];
}

/** Returns the times that `arping` reports. */
async function arpings(net: Namespace): Promise<number[]> {
  const text = await net.exec(['arping', '-c', String(ARPINGS), '-I', 'eth0', THERE]);
  return [...text.matchAll(/ ([\d.]+)ms$/gm)].map(([, time]) => Number(time));
}

/** Returns how many frames the other host has received. */
async function received(net: Namespace): Promise<number> {
  return Number(await net.exec(['cat', '/sys/class/net/eth0/statistics/rx_packets']));
}
