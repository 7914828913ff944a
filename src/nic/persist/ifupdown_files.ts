import { ProductError } from '../../net/errors.js';
import { MAX_INTERFACE_NAME } from '../../net/interface_name.js';
import { globbed } from './glob.js';
import { fateOf } from './ifupdown_commands.js';
import {
  isIfaceOf,
  type Line,
  namesDevice,
  renameDevice,
  type Stanza,
  stanzasOf,
} from './interfaces_file.js';
import type { NicMove } from './manager.js';

/** A file of ifupdown. */
export interface InterfacesFile {
  readonly path: string;
  readonly text: string;
}

/** What a file becomes, and the lines that still name the NIC, for the operator. */
export interface ChangedFile extends InterfacesFile {
  readonly remains: readonly string[];
}

/** Methods that configure a bridge's port as they configure a NIC, by address family. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  inet: ['static', 'dhcp', 'bootp', 'manual', 'ipv4ll'],
  inet6: ['static', 'dhcp', 'auto', 'manual'],
};
/** Keywords whose words are devices. The bridge gets such a line beside the NIC's. */
const LISTS: readonly string[] = ['auto', 'allow-auto', 'allow-hotplug', 'no-auto-down', 'no-scripts'];
/** Seconds that `ifup` waits for the port. Open vSwitch makes it, and may start again after a failure. */
const WAIT_S = 30;

/**
 * Returns the files in which the stanzas of the NIC are the bridge's, and the NIC has a stanza without addresses. The NIC
 * comes up first.
 * @throws ProductError `ERR_PERSIST` naming the file and the line that cannot be carried over
 */
export function bridgedInterfaces(files: readonly InterfacesFile[], move: NicMove): ChangedFile[] {
  for (const file of files) for (const stanza of stanzasOf(file.text)) refuse(file, stanza, move);
  const owner = files.find(({ text }) => stanzasOf(text).some((stanza) => isIfaceOf(stanza, move.nic)));
  return files.flatMap(({ path, text }) => {
    const stanzas = stanzasOf(text);
    const ofNic = stanzas.filter((stanza) => isIfaceOf(stanza, move.nic));
    const [first] = ofNic;
    const nicStanza =
      path === owner?.path
        ? bareStanza(
            move,
            files.flatMap((file) => optionsOf(file, move.nic)),
          )
        : '';
    const changed = stanzas
      .map((stanza) => {
        if (isAlias(stanza, move.nic)) return bridgeStanza(stanza, move, false);
        if (!isIfaceOf(stanza, move.nic)) return plainStanza(stanza, move);
        const before = stanza === first ? nicStanza : '';
        return `${before}${bridgeStanza(stanza, move, stanza === first && path === owner?.path)}`;
      })
      .join('');
    const remains = stanzas.flatMap((stanza) => remainsOf(stanza, move.nic));
    return changed === text ? [] : [{ path, text: changed, remains }];
  });
}

/** Returns the options of the NIC's stanzas in a file. */
function optionsOf({ text }: InterfacesFile, nic: string): Line[] {
  return stanzasOf(text)
    .filter((stanza) => isIfaceOf(stanza, nic))
    .flatMap(({ options }) => options);
}

/** Returns the NIC's own stanza, with the options that are about the device. */
function bareStanza({ nic, bridge }: NicMove, options: readonly Line[]): string {
  const kept = options
    .filter(({ words }) => words.length > 0 && ['nic', 'both'].includes(fateOf(words, nic)))
    .map(({ raw }) => `    ${raw.trim()}`);
  return [
    `# ${nic} is on bridge ${bridge}, which has its configuration: ovn-k8s-util bridge-to-nics ${bridge} gives it back.`,
    `iface ${nic} inet manual`,
    // A NIC without addresses: neither of its own making nor from a router.
    `    pre-up ip link set dev ${nic} addrgenmode none || true`,
    `    pre-up sysctl -q -w net/ipv6/conf/${nic}/accept_ra=0 || true`,
    ...new Set(kept),
    '',
    '',
  ].join('\n');
}

/** Returns a stanza of the NIC as the bridge's. */
function bridgeStanza({ head, options }: Stanza, { nic, bridge }: NicMove, waits: boolean): string {
  const title = whole(head?.raw ?? '').replace(
    /^(\s*iface\s+)[^\s:]+/,
    (_all, start: string) => `${start}${bridge}`,
  );
  const wait = `    pre-up timeout ${WAIT_S} sh -c 'until ip link show dev ${bridge} >/dev/null 2>&1; do sleep 0.1; done'\n`;
  const lines = options.flatMap(({ raw, words }) => {
    const fate = words.length === 0 ? 'bridge' : fateOf(words, nic);
    if (fate === 'nic') return [];
    return [fate === 'bridge' && words.length > 0 ? renameDevice(raw, nic, bridge) : raw];
  });
  return `${title}${waits ? wait : ''}${lines.join('')}`;
}

/** Returns another stanza, with a line for the bridge after one that lists the NIC. */
function plainStanza({ head, options }: Stanza, { nic, bridge }: NicMove): string {
  const rest = options.map(({ raw }) => raw).join('');
  if (head === undefined) return rest;
  const [keyword = '', ...names] = head.words;
  if (!LISTS.includes(keyword)) return `${head.raw}${rest}`;
  const line = names.some((name) => name.startsWith(`${nic}:`))
    ? head.raw.replaceAll(/(?<=\s)[^\s:]+(?=:)/g, (name) => (name === nic ? bridge : name))
    : head.raw;
  if (!names.includes(nic)) return `${line}${rest}`;
  // The port is there before ifup -a runs, whether or not udev announces it.
  const list = keyword === 'allow-hotplug' ? 'auto' : keyword;
  return `${whole(line)}${list} ${bridge}\n${rest}`;
}

/** Returns whether a stanza configures a labelled address of the device, as `iface eth0:1` does. */
function isAlias({ head }: Stanza, device: string): boolean {
  return head?.words[0] === 'iface' && head.words[1]?.startsWith(`${device}:`) === true;
}

function whole(raw: string): string {
  return raw.endsWith('\n') ? raw : `${raw}\n`;
}

/** Returns the lines that name the NIC and stay, with their numbers. */
function remainsOf(stanza: Stanza, nic: string): string[] {
  const { head, options } = stanza;
  const isOfNic = isIfaceOf(stanza, nic) || isAlias(stanza, nic);
  const lines = options.filter(({ words, raw }) => {
    if (words.length === 0) return false;
    return isOfNic ? fateOf(words, nic) === 'unknown' : namesDevice(raw, nic);
  });
  const child = head?.words[0] === 'iface' && head.words[1]?.startsWith(`${nic}.`) === true ? [head] : [];
  return [...child, ...lines].map(({ number, words }) => `line ${number} "${words.join(' ')}"`);
}

/** @throws ProductError `ERR_PERSIST` */
function refuse(file: InterfacesFile, { head, options }: Stanza, { nic, bridge }: NicMove): void {
  if (head === undefined) return;
  const no = (why: string, { number }: Line = head) =>
    new ProductError('ERR_PERSIST', `${file.path}, line ${number}: ${why}`);
  const [keyword = '', name = '', ...rest] = head.words;
  if (keyword === 'mapping' && head.words.slice(1).some((pattern) => globbed(pattern).test(nic)))
    throw no(`a mapping chooses the configuration of ${nic}; name the logical interface after it instead`);
  if (LISTS.includes(keyword)) {
    const chosen = head.words
      .slice(1)
      .find((word) => word !== nic && (word.startsWith(`${nic}=`) || isPatternOf(word, nic)));
    if (chosen !== undefined) throw no(`"${chosen}" selects ${nic}; write its name instead`);
  }
  if (keyword !== 'iface' && keyword !== 'template') return;
  if (name === bridge) throw no(`${bridge} has a configuration already; delete it first`);
  const parent = rest[rest.indexOf('inherits') + 1];
  if (rest.includes('inherits') && parent === nic)
    throw no(`${name} inherits the configuration of ${nic}; write it out instead`);
  if (keyword !== 'iface' || (name !== nic && !name.startsWith(`${nic}:`))) return;
  if (`${bridge}${name.slice(nic.length)}`.length > MAX_INTERFACE_NAME)
    throw no(
      `${bridge}${name.slice(nic.length)} has more than ${MAX_INTERFACE_NAME} characters; rename ${name}`,
    );
  const [family = '', method = ''] = rest;
  if (METHODS[family]?.includes(method) !== true)
    throw no(`${nic} is configured with "${`${family} ${method}`.trim()}", which a bridge cannot have`);
  if (head.raw.includes('\\\n')) throw no('write it as one line first');
  const odd = options.find(({ words }) => words.length > 0 && fateOf(words, nic) === 'refused');
  if (odd !== undefined) throw no(`"${odd.words[0]}" is not carried over to a bridge`, odd);
}

/** Returns whether a word of `auto` selects the device by a pattern, or may do so. */
function isPatternOf(word: string, device: string): boolean {
  const [, variable, value = ''] = /^([^/]*)\/([^/=]*)/.exec(word) ?? [];
  if (variable === undefined) return false;
  return variable !== '' || globbed(value).test(device);
}
