import { readFileSync, writeFileSync } from 'node:fs';

/** dhclient's file of leases, and of what it calls itself; another device has a file of its own. */
export interface Leases {
  readonly file: string;
  readonly newFile: string;
  readonly from: string;
  readonly to: string;
}

const DEFAULT_LEASES = '/var/lib/dhcp/dhclient.leases';
/** Options of dhclient(8) about how it waits and where it runs: it goes to the background at once. */
const HOW_IT_STARTS: readonly string[] = ['-d', '-D', '-1', '-w', '-nw', '-n'];

/**
 * The command that has dhclient do for `to` what this one does for `from`: the same options, files named after the
 * other device, and the command that it was.
 */
export function onOtherDevice(
  argv: readonly string[],
  from: string,
  to: string,
): { command: readonly string[]; former: readonly string[]; leases: Leases } {
  const [program = 'dhclient', ...options] = argv.filter((arg) => !HOW_IT_STARTS.includes(arg));
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
 * Has dhclient find under the other device's name the lease that it had, and the identifier by which the server
 * knows it (dhclient.leases(5)): without it a server may take it for another client, with another address.
 */
export function takeLeasesAlong({ file, newFile, from, to }: Leases): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // It has kept nothing, or not where it is looked for.
    return;
  }
  writeFileSync(newFile, text.replaceAll(`interface "${from}";`, `interface "${to}";`));
}

/** `eth0` as a word of its own: `/run/dhclient.eth0.pid`, not `myeth01`. */
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
