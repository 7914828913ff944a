import { setTimeout as pause } from 'node:timers/promises';
import { endpointsManifest, serviceManifest } from '../manifests.js';
import { killProduct, PRODUCT, type ProductDaemon, startProduct } from './daemons.js';
import type { Fault } from './fault.js';
import type { FaultStage } from './stage.js';

/** How often a daemon is killed, each time at another moment after its start. */
const KILLS = 3;
/** A daemon is killed at most so long after it was ready, in milliseconds. */
const LATEST_MS = 400;

const KILLED: readonly [daemon: ProductDaemon, on: 'm' | 'gw1' | 'n1', what: string][] = [
  ['helper', 'gw1', 'Flows stay as they are while it is away.'],
  ['watcher', 'm', 'Rows stay as they are while it is away.'],
  ['node daemon', 'gw1', 'The table of nftables stays as it is while it is away.'],
];

/** Daemons of the product that are killed, while services change. */
export const PROCESS_FAULTS: readonly Fault[] = KILLED.map(([daemon, on, promise]) => ({
  name: `${daemon} killed`,
  subject: 'processes',
  what: `\`${PRODUCT[daemon]}\` is killed (SIGKILL) ${KILLS} times, up to ${LATEST_MS} ms after each start, while a service changes.`,
  promise,
  lastsMs: 1_000,
  inject: (stage) =>
    whileServicesChange(stage, async () => {
      for (let kills = 0; kills < KILLS; kills++) {
        if (kills > 0) await startProduct(daemon, stage.node(on));
        await pause((kills * LATEST_MS) / KILLS);
        await killProduct(daemon, stage.node(on));
      }
    }),
  heal: (stage) => startProduct(daemon, stage.node(on)),
}));

/** Creates, changes and deletes a service while some work is done, and leaves none. */
export async function whileServicesChange(
  { kubernetes }: FaultStage,
  work: () => Promise<void>,
): Promise<void> {
  const changing = { isOver: false };
  const change = async () => {
    for (let i = 0; !changing.isOver; i++)
      await kubernetes.apply(
        serviceManifest('changing', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_090 + (i % 5) }] }),
        endpointsManifest('changing', { port: 80 }, [{ ip: `10.244.2.${200 + (i % 5)}` }]),
      );
    await kubernetes.kubectl('delete', '--ignore-not-found', 'service/changing', 'endpoints/changing');
  };
  const all = [
    work().finally(() => {
      changing.isOver = true;
    }),
    change(),
  ];
  await Promise.all(all);
}
