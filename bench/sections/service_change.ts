import { join } from 'node:path';
import { Lab } from '../../lab/lab.js';
import { PROJECT } from '../../lab/project.js';
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
    "ovn-k8s-node's own keeper of the nft table, with as many node ports and external addresses: time from one service's",
    'changed elements until nft monitor reports them, and until the nft process has ended.',
  ],

  async measure(): Promise<Report> {
    const central = await CentralNode.start();
    const keeper = new ServiceKeeper(central.nb);
    const few = await changeSome(central, keeper, FEW, 10);
    const many = await changeSome(central, keeper, MANY, 110);
    keeper.end();
    central.dispose();
    const table = await changeTable(MANY);
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
        {
          name: `nft table, ${MANY} services`,
          unit: 'ms',
          samples: table.inForce,
          targets: [{ of: 'median', as: 'value', atMost: 10 }],
        },
        { name: 'the same, nft has ended', unit: 'ms', samples: table.ended },
        { name: `nft table, from nothing to ${MANY} services`, unit: 'ms', samples: [table.firstMs] },
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

interface TableTimes {
  readonly firstMs: number;
  readonly inForce: readonly number[];
  readonly ended: readonly number[];
}

/** Keeps a table in a namespace of its own, and changes services one after the other. */
async function changeTable(services: number): Promise<TableTimes> {
  const lab = Lab.open();
  const net = await lab.namespace('node');
  const agent = [process.execPath, join(PROJECT, 'dist/nft_agent.js')];
  const answer = await net.exec([...agent, String(services), String(CHANGES)]);
  lab.dispose();
  return JSON.parse(answer);
}
