import { readFileSync, writeFileSync } from 'node:fs';

/** The file of a dhclient's leases and client identifier, and the one for the other device. */
export interface Leases {
  readonly file: string;
  readonly newFile: string;
  readonly from: string;
  readonly to: string;
}

const DEFAULT_LEASES = '/var/lib/dhcp/dhclient.leases';
/** Options of dhclient(8) about waiting and the background. The restarted one always goes to the background at once. */
const START_OPTIONS: readonly string[] = ['-d', '-D', '-1', '-w', '-nw', '-n'];

/**
 * Returns the command that runs dhclient on `to` with the options it has on `from`, with device names in file names
 * replaced; the command it had (`former`); and its lease files.
 */
export function onOtherDevice(
  argv: readonly string[],
  from: string,
  to: string,
): { command: readonly string[]; former: readonly string[]; leases: Leases } {
  const [program = 'dhclient', ...options] = argv.filter((arg) => !START_OPTIONS.includes(arg));
  const renamed = options.map((arg) => withName(arg, from, to));
  const namesDevice = options.includes(from);
  const file = argumentOf(options, '-lf') ?? DEFAULT_LEASES;
  const newFile = argumentOf(renamed, '-lf') ?? DEFAULT_LEASES;
  return {
    command: [program, '-nw', ...renamed, ...(namesDevice ? [] : [to])],
    former: [program, '-nw', ...options],
    leases: { file, newFile, from, to },
  };
}

/**
 * Copies the leases under the other device's name, with the client identifier (dhclient.leases(5)). Without that
 * identifier a server may see another client and assign another address.
 */
export function copyLeases({ file, newFile, from, to }: Leases): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // dhclient has kept no lease, or keeps it somewhere else.
    return;
  }
  writeFileSync(newFile, text.replaceAll(`interface "${from}";`, `interface "${to}";`));
}

/** Replaces `from` where it is a whole word: in `/run/dhclient.eth0.pid`, not in `myeth01`. */
function withName(arg: string, from: string, to: string): string {
  return arg
    .split(/([^A-Za-z0-9]+)/)
    .map((part) => (part === from ? to : part))
    .join('');
}

function argumentOf(options: readonly string[], name: string): string | undefined {
  const index = options.indexOf(name);
  return index < 0 ? undefined : options[index + 1];
}
