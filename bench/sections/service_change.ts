import type { Figure, Report, Section } from '../figure.js';
import { CentralNode } from '../lab/central_node.js';
import { ServiceKeeper } from '../lab/service_keeper.js';

const FEW = 100;
const MANY = 10_000;
const CHANGES = 25;

export const serviceChange: Section = {
  name: 'service_change',
  about: [
    `The watcher's own keeper on a real northbound database, with ${FEW} and then ${MANY} services of two endpoints. One`,
    'endpoint of one service changes: time of the step, from the changed object until the reply to its transaction, and the',
    'size of that transaction. The sizes are compared with the median of the few services.',
  ],

  async measure(): Promise<Report> {
    const central = await CentralNode.start();
    const keeper = new ServiceKeeper(central.nb);
    const few = await changeSome(central, keeper, FEW, 10);
    const many = await changeSome(central, keeper, MANY, 110);
    keeper.end();
    central.dispose();
    const size: Figure = { name: `transaction, ${FEW} services`, unit: 'octets', samples: few.octets };
    return {
      figures: [
        { name: `one endpoint, ${FEW} services`, unit: 'ms', samples: few.milliseconds },
        {
          name: `one endpoint, ${MANY} services`,
          unit: 'ms',
          samples: many.milliseconds,
          targets: [{ of: 'median', as: 'value', atMost: 5 }],
        },
        size,
        {
          name: `transaction, ${MANY} services`,
          unit: 'octets',
          samples: many.octets,
          to: size,
          targets: [{ of: 'median', as: 'ratio', atMost: 1.02 }],
        },
      ],
    };
  },
};

/** Changes services one after the other; `host` is the first of the new endpoints' last octets. */
async function changeSome(central: CentralNode, keeper: ServiceKeeper, count: number, host: number) {
  await keeper.grow(count);
  const milliseconds: number[] = [];
  const octets: number[] = [];
  for (let i = 0; i < CHANGES; i += 1) {
    // ovn-northd shares the processors, and computes everything anew after each change before OVN 23.09.
    await central.host.exec(['ovn-nbctl', '--wait=sb', '--timeout=60', 'sync']);
    const one = await keeper.change((i * 397) % FEW, host + i);
    milliseconds.push(one.milliseconds);
    octets.push(one.octets);
  }
  return { milliseconds, octets };
}
