import { join } from 'node:path';
import { startNorthbound } from './central.js';
import { Cluster, Node, ROUTER } from './cluster.js';
import { type Host, startHost } from './host.js';
import { Lab } from './lab.js';
import { cable } from './link.js';

/**
 * One host with a NIC eth0 that a router is at, and the northbound database on it with nobody to act on it: enough for what the
 * commands write and refuse, and quick.
 */
export async function startLoneNode({
  remote,
  serverOptions = () => [],
}: {
  /** `ovn-nb`; the database's own socket unless told. */
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
