import { join } from 'node:path';
import { startNorthbound } from './central.js';
import { Cluster, Node, ROUTER } from './cluster.js';
import { type Host, startHost } from './host.js';
import { Lab } from './lab.js';
import { cable } from './link.js';

/**
 * Starts one host with a NIC eth0, a router, and a northbound database without `ovn-northd`. It starts fast, and is
 * enough to test the rows that the commands write and the arguments that they refuse.
 */
export async function startLoneNode({
  remote,
  serverOptions = () => [],
}: {
  /** Value of `ovn-nb`; the default is the database's own socket. */
  readonly remote?: string;
  readonly serverOptions?: (host: Host) => readonly string[] | Promise<readonly string[]>;
} = {}): Promise<Cluster> {
  const lab = Lab.open();
  const [host, outside] = await Promise.all([startHost(lab, 'node'), lab.namespace('outside')]);
  const node = new Node(host, 0);
  await cable({ in: host.net, name: 'eth0' }, { in: outside, name: 'node' });
  await outside.ip(`addr add ${ROUTER.v4}/24 dev node`, `addr add ${ROUTER.v6}/64 dev node nodad`);
  await startNorthbound(host, ...(await serverOptions(host)));
  const nb = remote ?? `unix:${join(host.dir, 'ovn/ovnnb_db.sock')}`;
  await host.vsctl(
    'set',
    'Open_vSwitch',
    '.',
    `external_ids:ovn-nb="${nb}"`,
    'external_ids:ovn-bridge-datapath-type=netdev',
  );
  return new Cluster(lab, outside, [node]);
}
