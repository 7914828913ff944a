import { type PortRange, parsePortRange } from '../net/ports.js';
import { requireSysctl } from './sysctls.js';

/** The sysctl of the host's ephemeral port range (ip-sysctl.rst of the kernel). */
export const EPHEMERAL = 'net.ipv4.ip_local_port_range';

/** Returns the host's ephemeral port range. @throws ProductError `ERR_SYSCTL` */
export function readEphemeralRange(): PortRange {
  return parsePortRange(requireSysctl(EPHEMERAL).split(/\s+/).join('-'));
}
