import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node } from '../cluster.js';
import { signal } from '../namespace.js';
import { startGatewayHelper, startNodeDaemon } from '../overlay.js';
import { executable } from '../project.js';
import { until, when } from '../until.js';

/** The product's daemons by the name that the table has. */
export const PRODUCT = {
  helper: 'ovn-k8s-gateway-helper',
  watcher: 'ovn-k8s-watcher',
  'node daemon': 'ovn-k8s-node',
} as const;
export type ProductDaemon = keyof typeof PRODUCT;

const END_MS = 10_000;

/** Starts a daemon as its unit does; resolves when it is ready. */
export function startProduct(daemon: ProductDaemon, node: Node): Promise<void> {
  if (daemon === 'helper') return startGatewayHelper(node);
  if (daemon === 'node daemon') return startNodeDaemon(node);
  return startWatcher(node);
}

async function startWatcher({ host }: Node): Promise<void> {
  const options = ['--overlay', '--detach', '--pidfile', '--log-file', '-vconsole:off'];
  await host.exec([process.execPath, executable('ovn-k8s-watcher'), ...options]);
}

/** Kills a daemon of a host by its pidfile, and waits until it has ended. */
export async function kill({ host }: Node, pidfile: string, name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const pid = await pidOf(join(host.dir, pidfile));
  process.kill(pid, name);
  await until(`${pidfile} to end`, () => when(!signal(pid, 0)), END_MS);
}

/** Kills one of the product's daemons. */
export function killProduct(daemon: ProductDaemon, node: Node): Promise<void> {
  return kill(node, join('openvswitch', `${PRODUCT[daemon]}.pid`));
}

async function pidOf(pidfile: string): Promise<number> {
  return Number((await readFile(pidfile, 'utf8')).trim());
}
