import type { Node } from './cluster.js';
import { ROUTER } from './cluster.js';

/** The guard of the userspace datapath: stops the kernel from answering frames that the switch also reads. */
export function ingressGuard(device: string): string {
  return `table netdev lab_guard {
    chain ${device} { type filter hook ingress device ${device} priority 0; policy drop; }
  }\n`;
}

/**
 * Puts a node's eth0 on breth0 with OVS's and iproute2's own tools, for tests that are not about the move. The result
 * is the same as that of `ovn-k8s-util nics-to-bridge eth0`.
 */
export async function bridgeNic({ host, v4, v6 }: Node): Promise<void> {
  const [link] = JSON.parse(await host.exec(['ip', '-j', 'link', 'show', 'eth0']));
  await host.vsctl(
    ...['add-br', 'breth0', '--', 'set', 'Bridge', 'breth0', 'datapath_type=netdev', 'fail_mode=standalone'],
    ...[`other_config:hwaddr="${link.address}"`, 'external_ids:bridge-id=breth0'],
    ...['--', 'add-port', 'breth0', 'eth0'],
  );
  await host.exec(['nft', '-f', '-'], { input: ingressGuard('eth0') });
  await host.net.ip(
    `route del default via ${ROUTER.v6} dev eth0`,
    'addr flush dev eth0',
    'link set dev breth0 up',
    `addr add ${v4}/24 dev breth0`,
    `addr add ${v6}/64 dev breth0 nodad`,
    `route add default via ${ROUTER.v4}`,
    `route add default via ${ROUTER.v6}`,
  );
}
