import type { Cluster } from './cluster.js';

/**
 * Makes all switches forget the MAC addresses of each other's hosts, and keeps them from learning them again until the
 * returned function is called. A switch drops a packet to a tunnel whose far end it does not know, and asks for it.
 */
export async function coolTunnels({ outside, nodes }: Cluster): Promise<() => Promise<void>> {
  const addresses = nodes.map(({ v4 }) => v4).join(', ');
  const rules = [
    'table netdev cold {',
    'chain ingress {',
    `type filter hook ingress devices = { ${nodes.map(({ host }) => host.label).join(', ')} } priority 0;`,
    `arp saddr ip { ${addresses} } arp daddr ip { ${addresses} } drop`,
    '}',
    '}',
  ];
  await outside.exec(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
  await Promise.all(
    nodes.map(async ({ host }) => {
      await host.net.exec(['ip', 'neigh', 'flush', 'dev', 'breth0']);
      await host.appctl('tnl/neigh/flush');
      // Flows of earlier connections have the MAC addresses in their actions.
      await host.appctl('revalidator/purge');
    }),
  );
  return async () => {
    await outside.exec(['nft', 'delete', 'table', 'netdev', 'cold']);
  };
}
