import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { writeWhole } from '../daemon/whole_file.js';
import { ProductError } from '../net/errors.js';
import { isInterfaceName } from '../net/interface_name.js';

/** The file of a dhclient's leases and client identifier, and the one for the other device. */
export interface Leases {
  readonly file: string;
  readonly newFile: string;
  readonly from: string;
  readonly to: string;
}

const DEFAULT_LEASES = '/var/lib/dhcp/dhclient.leases';
/** Options of dhclient(8) about waiting and the background. The restarted one always goes to the background at once. */
const START_OPTIONS: ReadonlySet<string> = new Set(['-d', '-1', '-w', '-nw', '-n']);
/** Options without a value that the restarted dhclient has too. */
const FLAGS: ReadonlySet<string> = new Set(['-4', '-6', '-v', '-q', '-i', '-I', '-B', '-N', '-S']);
/** Options with a file, and the folders in which Debian's packages have such files. */
const FILES: ReadonlyMap<string, RegExp> = new Map([
  ['-pf', /^(\/var)?\/run\/\w[\w.@+-]*$/],
  ['-lf', /^\/var\/lib\/dhcp\/\w[\w.@+-]*$/],
  ['-df', /^\/var\/lib\/dhcp\/\w[\w.@+-]*$/],
  ['-cf', /^\/etc\/dhcp\/\w[\w.@+-]*$/],
]);
const DUID_TYPES: ReadonlySet<string> = new Set(['LL', 'LLT']);

/** What a dhclient was started with, as far as it is carried over. */
interface Options {
  readonly flags: readonly string[];
  /** The options with a value, such as `-pf FILE`. */
  readonly values: readonly (readonly [option: string, value: string])[];
  readonly devices: readonly string[];
}

/**
 * Returns the command that runs dhclient on `to` with the options it has on `from`, with device names in file names
 * replaced; the command it had (`former`); and its lease files. The commands are built from known options and from files
 * in the usual folders: nothing else of the command line gets into them.
 * @throws ProductError `ERR_DHCP` for an option or a file that is not known
 */
export function onOtherDevice(
  program: string,
  argv: readonly string[],
  from: string,
  to: string,
): { command: readonly string[]; former: readonly string[]; leases: Leases } {
  const { flags, values, devices } = readOptions(argv.slice(1));
  // Only the file's own name: `-D` has a word, and a folder may have a device's name.
  const rename = (value: string) => value.replace(/[^/]+$/, (name) => withName(name, from, to));
  const command = (devicesOf: readonly string[], value: (text: string) => string) => [
    ...[program, '-nw', ...flags],
    ...values.flatMap(([option, text]) => [option, value(text)]),
    ...devicesOf,
  ];
  const file = values.find(([option]) => option === '-lf')?.[1] ?? DEFAULT_LEASES;
  const newFile = file === DEFAULT_LEASES ? file : rename(file);
  const renamed = devices.map((one) => (one === from ? to : one));
  return {
    command: command(devices.includes(from) ? renamed : [...renamed, to], rename),
    former: command(devices, (text) => text),
    leases: { file, newFile, from, to },
  };
}

/** @throws ProductError `ERR_DHCP` */
function readOptions(args: readonly string[]): Options {
  const options = { flags: [] as string[], values: [] as [string, string][], devices: [] as string[] };
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    const value = args[index + 1] ?? '';
    if (START_OPTIONS.has(arg)) continue;
    if (FLAGS.has(arg)) options.flags.push(arg);
    else if (FILES.get(arg)?.test(value) === true || (arg === '-D' && DUID_TYPES.has(value))) {
      options.values.push([arg, value]);
      index++;
    } else if (isInterfaceName(arg)) options.devices.push(arg);
    else
      throw new ProductError(
        'ERR_DHCP',
        `dhclient was started with "${FILES.has(arg) ? `${arg} ${value}` : arg}", which is not carried over; restart it by hand`,
      );
  }
  return options;
}

/**
 * Copies the leases under the other device's name, with the client identifier (dhclient.leases(5)). Without that
 * identifier a server may see another client and assign another address.
 */
export function copyLeases({ file, newFile, from, to }: Leases): void {
  const text = readLeases(file);
  // dhclient has kept no lease, or keeps it somewhere else.
  if (text === undefined) return;
  writeWhole(newFile, text.replaceAll(`interface "${from}";`, `interface "${to}";`));
}

/** @returns `undefined` if there is no such file; follows no symbolic link */
function readLeases(file: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** Replaces `from` where it is a whole word: in `/run/dhclient.eth0.pid`, not in `myeth01`. */
function withName(text: string, from: string, to: string): string {
  return text
    .split(/([^A-Za-z0-9]+)/)
    .map((part) => (part === from ? to : part))
    .join('');
}
