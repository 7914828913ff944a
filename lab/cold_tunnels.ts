import type { Cluster } from './cluster.js';

/** Makes all hosts forget the MAC addresses of each other. The next packet through a tunnel is lost while OVS asks for one. */
export async function coolTunnels({ nodes }: Cluster): Promise<void> {
  await Promise.all(
    nodes.map(async ({ host }) => {
      await host.net.exec(['ip', 'neigh', 'flush', 'dev', 'breth0']);
      await host.appctl('tnl/neigh/flush');
      // Flows of earlier connections have the MAC addresses in their actions.
      await host.appctl('revalidator/purge');
    }),
  );
}
