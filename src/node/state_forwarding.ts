import { readSysctl, type SysctlChange, sysctlPath } from '../host/sysctls.js';
import type { Family } from '../net/ip.js';

type ReadSysctl = typeof readSysctl;

const FORWARDING: Readonly<Record<Family, string>> = {
  4: 'net.ipv4.ip_forward',
  6: 'net.ipv6.conf.all.forwarding',
};

/**
 * Returns a problem for each family in which the host forwards nothing: what comes for a node port leaves by `k8s-NODE`.
 * The daemon does not switch it on, because that changes how the host treats router advertisements and others' packets.
 */
export function forwardingProblems(
  families: readonly Family[],
  read: ReadSysctl = readSysctl,
): readonly string[] {
  return families
    .map((family) => FORWARDING[family])
    .filter((name) => read(name) === '0')
    .map(
      (name) =>
        `${name} is 0: node ports, external addresses and host ports of this host answer only the host itself; run sysctl -w ${name}=1`,
    );
}

/** The values of `rp_filter` (ip-sysctl.rst): the kernel uses the greater one of `all` and of the interface. */
const STRICT = 1;
const LOOSE = '2';

/**
 * Returns the change that lets packets of clients outside come by `device`, though the host's routes to these clients do
 * not lead there; none if they may already.
 */
export function reversePathChanges(device: string, read: ReadSysctl = readSysctl): readonly SysctlChange[] {
  const own = `net/ipv4/conf/${device}/rp_filter`;
  const [all, old] = ['net/ipv4/conf/all/rp_filter', own].map((name) => read(name));
  if (old === undefined || Math.max(Number(all ?? 0), Number(old)) !== STRICT) return [];
  return [{ path: sysctlPath(own), value: LOOSE, old }];
}
