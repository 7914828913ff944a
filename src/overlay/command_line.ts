import type { Cidr } from '../net/cidr.js';
import { UsageError } from '../net/errors.js';
import { readInterfaceName } from '../net/interface_name.js';
import type { PortRange } from '../net/ports.js';
import type { CniDirectories } from './cni_config.js';
import {
  readClusterSubnets,
  readDefaultGateways,
  readNodeName,
  readNodeSubnetsOption,
  readPhysicalIps,
  readRampout,
  readServiceSubnetsOption,
  readSnatRange,
} from './options.js';
import type { Device } from './physical.js';

/** The values of a command's options, by option name in camel case. */
type Given = Readonly<Record<string, string | boolean | undefined>>;

/** Above Linux's default ephemeral range, 32768 to 60999 (ip-sysctl.rst of the kernel). */
const DEFAULT_RANGE = '61000-65535';
/** The dynamic ports (RFC 6335 section 6). */
const WIDE_RANGE = '49152-65535';
/** The host's ephemeral range beside {@link WIDE_RANGE}. */
const NARROW_EPHEMERAL: PortRange = { lo: 32_768, hi: 49_151 };

/** Reads `--node-name`. @throws UsageError */
export function readName(given: Given): string {
  return readNodeName(String(given.nodeName));
}

/** Reads the options of `master-init` and `minion-init`. @throws UsageError */
export function readNode(given: Given, option: string, subnets: unknown) {
  const clusterSubnets = readClusterSubnets(String(given.clusterIpSubnet));
  return {
    node: readName(given),
    clusterSubnets,
    subnets: readNodeSubnetsOption(option, String(subnets), clusterSubnets),
  };
}

/** Reads the options of `master-init`. @throws UsageError */
export function readMaster(given: Given) {
  const node = readNode(given, '--master-switch-subnet', given.masterSwitchSubnet);
  const { serviceIpSubnet } = given;
  return {
    ...node,
    serviceSubnets:
      serviceIpSubnet === undefined
        ? undefined
        : readServiceSubnetsOption(String(serviceIpSubnet), node.clusterSubnets),
  };
}

/** Reads `--cni-conf-dir` and `--cni-bin-dir`. */
export function readCni(given: Given): CniDirectories {
  return { conf: String(given.cniConfDir), bin: String(given.cniBinDir) };
}

/** Reads the options of `gateway-init`. @throws UsageError */
export function readGateway(given: Given) {
  const clusterSubnets = readClusterSubnets(String(given.clusterIpSubnet));
  const physical = readPhysicalIps(String(given.physicalIp), clusterSubnets);
  const device = readDevice(given);
  return {
    node: readName(given),
    clusterSubnets,
    physical,
    device,
    defaultGateways: optional(given.defaultGw, (text) => readDefaultGateways(text, physical)),
    rampout: optional(given.rampoutIpSubnets, (text): Cidr[] => readRampout(text, clusterSubnets)),
    ...readPorts(given, device),
    sysctlDir: String(given.sysctlDir),
    force: given.force === true,
  };
}

/** Reads the port ranges; with a dedicated NIC, host and pods share no address and so no ports. */
function readPorts(given: Given, { kind }: Device) {
  const isWide = given.reserveHostPorts === true;
  if (kind === 'nic') {
    for (const [option, value] of Object.entries({
      '--snat-port-range': given.snatPortRange,
      '--reserve-host-ports': given.reserveHostPorts,
    }))
      if (value !== undefined)
        throw new UsageError(
          `${option}: is only for --bridge-interface, where host and pods share an address`,
        );
    return { snatRange: undefined, ephemeral: undefined };
  }
  if (isWide && given.snatPortRange === 'none')
    throw new UsageError(
      '--reserve-host-ports: reserves nothing with --snat-port-range=none; give one of them',
    );
  const text = given.snatPortRange ?? (isWide ? WIDE_RANGE : DEFAULT_RANGE);
  return {
    snatRange: readSnatRange(String(text)),
    ephemeral: isWide ? NARROW_EPHEMERAL : undefined,
  };
}

function readDevice(given: Given): Device {
  const { bridgeInterface, physicalInterface } = given;
  if ((bridgeInterface === undefined) === (physicalInterface === undefined)) {
    throw new UsageError(
      'give exactly one of --bridge-interface, for a bridge that this host shares, and --physical-interface, for a NIC that it does not use',
    );
  }
  return bridgeInterface !== undefined
    ? { kind: 'bridge', name: readInterfaceName('--bridge-interface', String(bridgeInterface)) }
    : { kind: 'nic', name: readInterfaceName('--physical-interface', String(physicalInterface)) };
}

function optional<T>(value: string | boolean | undefined, read: (text: string) => T[]): T[] {
  return value === undefined ? [] : read(String(value));
}
