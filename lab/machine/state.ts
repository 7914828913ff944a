import type { Machine } from './machine.js';

/**
 * What a machine is like: its files, units, devices, addresses, routes, rules, settings of the kernel's network, nft
 * tables, and Open vSwitch's rows. A key names a thing, as in `file /etc/hosts`; the value is all that is known of it.
 */
export type MachineState = ReadonlyMap<string, string>;

/** A difference that Debian's own programs make, and why. */
export interface Exception {
  /** Matches the whole key. */
  readonly key: RegExp;
  readonly why: string;
}

/**
 * Prints the state, a thing a line: its key, a tab, its value. Files outside of the machine's disk, in /proc, /sys and
 * /dev, are the kernel's.
 */
const SCRIPT = String.raw`
set -eu
cd /
keyed() { # KIND: lines that are a thing each, all of it in the key
  sort | uniq -c | sed -E "s/^ *([0-9]+) (.*)/$1 \2\t\1/"
}
find . -xdev ! -type f -printf 'file %P\t%y %m %U:%G %l\n'
find . -xdev -type f -printf 'mode %P\t%m %U:%G\n'
find . -xdev -type f -print0 | xargs -0 sha256sum | sed -E 's#^(\S+)  \./(.*)#file \2\t\1#'
find run -xdev -printf 'run %P\t%y %m %U:%G %l\n'
systemctl list-unit-files --no-legend --plain --full | sed -E 's/^(\S+)\s+(\S+).*/enabled \1\t\2/'
systemctl list-units --all --no-legend --plain --full | sed -E 's/^(\S+)\s+(\S+\s+\S+).*/unit \1\t\2/'
ip -oneline -details link | sed -E 's/^[0-9]+: ([^:@]+)(@\S+)?:/\1/; s/ link-netns\S* \S+//; s/ qlen.*//; s/\\ .*promiscuity/ promiscuity/' | keyed link
ip -oneline address | sed -E 's/^[0-9]+: //; s/(valid|preferred)_lft [0-9]+sec//g' | keyed address
{ ip route show table all; ip -6 route show table all; } | sed -E 's/ expires [0-9]+sec//' | keyed route
{ ip rule; ip -6 rule; } | keyed rule
nft -s list ruleset | keyed nft
ethtool -k eth0 | keyed offload
grep -rs --exclude=flush --exclude='*count' '' proc/sys/net | tr '\t' ' ' | sed 's#^proc/sys/##' | keyed sysctl
for table in Bridge Port Interface; do
  ovs-vsctl --bare --columns=name list "$table" | sed '/^$/d' | keyed "$table"
done
ovs-vsctl --format=csv --no-headings --data=bare --columns=external_ids list Open_vSwitch | tr -d '"' | tr ' ' '\n' | keyed id
`;

/** Reads the state of a running machine. */
export async function stateOf(machine: Machine): Promise<MachineState> {
  const text = await machine.feed(SCRIPT, 'bash', '-s');
  return new Map(
    text.split('\n').map((line) => {
      const [key = '', value = ''] = line.split('\t');
      return [key, value];
    }),
  );
}

/** Returns a line for each thing that came, went or changed, but for the exceptions. */
export function differences(
  before: MachineState,
  after: MachineState,
  exceptions: readonly Exception[],
): string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return keys
    .filter((key) => before.get(key) !== after.get(key))
    .filter((key) => !exceptions.some((one) => new RegExp(`^(?:${one.key.source})$`).test(key)))
    .map((key) => {
      const [was, is] = [before.get(key), after.get(key)];
      if (was === undefined) return `new: ${key} (${is})`;
      if (is === undefined) return `gone: ${key} (${was})`;
      return `changed: ${key} (${was}; now ${is})`;
    });
}
