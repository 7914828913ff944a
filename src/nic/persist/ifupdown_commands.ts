import { namesDevice } from './interfaces_file.js';

/** What a line of a NIC's stanza becomes when the stanza becomes the bridge's. */
export type Fate =
  /** It is about the host's addresses: it stays, for the bridge. */
  | 'bridge'
  /** It is about the device: it goes to the NIC's own stanza. */
  | 'nic'
  /** Both need it. */
  | 'both'
  /** It names the NIC, and it cannot be known for what: it stays as it is, and the operator is told. */
  | 'unknown'
  /** It has no meaning on a bridge's port. */
  | 'refused';

const COMMANDS = /^((pre|post)-)?(up|down)$/;
/** Options of Debian's package ethtool. */
const OF_NIC = /^(link-|ethernet-|offload-|hardware-|driver-message-level)/;
const OF_BOTH: readonly string[] = ['mtu', 'hwaddress'];
const REFUSED = /^(wpa-|wireless[-_]|bridge[-_]|bond[-_]|vlan[-_]|ovs[-_]|tunnel)/;
/** Programs whose arguments name the device with the addresses. */
const ABOUT_ADDRESSES =
  /^(ip|route|sysctl|arp|iptables|ip6tables|iptables-nft|ip6tables-nft|nft|resolvectl|resolvconf)$/;
const ABOUT_DEVICES = /^(ethtool|tc|mii-tool)$/;

/** Returns what becomes of an option of the stanza of `nic`. */
export function fateOf(words: readonly string[], nic: string): Fate {
  const [option = '', ...rest] = words;
  if (REFUSED.test(option)) return 'refused';
  if (OF_BOTH.includes(option)) return 'both';
  if (OF_NIC.test(option)) return 'nic';
  if (!COMMANDS.test(option)) return 'bridge';
  const fates = new Set(
    rest
      .join(' ')
      .split(/&&|\|\||;/)
      .flatMap((command) => fateOfCommand(command, nic) ?? []),
  );
  if (fates.size > 1) return 'unknown';
  return [...fates][0] ?? 'bridge';
}

/** Returns the fate of one command; `undefined` if it does not name the NIC. */
function fateOfCommand(command: string, nic: string): Fate | undefined {
  const words = command.trim().split(/\s+/);
  const program = (words[0] ?? '').replace(/^.*\//, '');
  const isNamed = namesDevice(command, nic);
  const isOfDevice =
    ABOUT_DEVICES.test(program) || (program === 'ip' && /^(link|l)$/.test(firstWithoutDash(words.slice(1))));
  if (isOfDevice) return isNamed || /\$\{?IFACE\b/.test(command) ? 'nic' : undefined;
  if (!isNamed) return undefined;
  return ABOUT_ADDRESSES.test(program) ? 'bridge' : 'unknown';
}

function firstWithoutDash(words: readonly string[]): string {
  return words.find((word) => !word.startsWith('-')) ?? '';
}
