import { readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';

/** A client of which the product knows the program. */
export type ClientName = 'dhclient' | 'dhcpcd';

/** Where Debian has the programs of the clients. */
const PROGRAMS: Readonly<Record<ClientName, readonly string[]>> = {
  dhclient: ['/usr/sbin/dhclient', '/sbin/dhclient'],
  dhcpcd: ['/usr/sbin/dhcpcd', '/sbin/dhcpcd'],
};
/** The folders of the clients' files; a process that sees others has other files under the same names. */
const FOLDERS: readonly string[] = ['/', '/run', '/var/lib/dhcp', '/etc/dhcp'];

/** A DHCP client that runs, as root and from the program of this host. */
export interface ClientProcess {
  readonly pid: number;
  readonly client: ClientName;
  /** The absolute path of its program. */
  readonly program: string;
  readonly argv: readonly string[];
  /** When it started, in clock ticks since boot: with the pid, it tells this process from a later one of that pid. */
  readonly start: string;
}

/** A process that calls itself a DHCP client and is none of this host's. */
export interface Impostor {
  readonly pid: number;
  readonly client: ClientName;
  readonly why: string;
}

/** What is known of a process from /proc. */
interface Facts {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
  readonly start: string;
  readonly isRoot: boolean;
  /** The client whose program it runs, on this host's disk. */
  readonly runs: { readonly client: ClientName; readonly program: string } | undefined;
  readonly hasOurFolders: boolean;
}

/**
 * Finds the DHCP clients of this network namespace. Any user can run a process with any name and arguments, so a client is
 * a process of root (real, effective and saved uid) that runs the very file of a program that only root can write, and
 * has the same root and folders as this process. A dhcpcd that has given up root is one if it is the parent of such a
 * process, its helper.
 */
export function findClients(): { readonly clients: ClientProcess[]; readonly impostors: Impostor[] } {
  const all = readProcesses();
  const named = all.flatMap((facts) => {
    const client = nameOf(facts.argv);
    return client === undefined ? [] : [{ ...facts, client }];
  });
  const clients = named.flatMap((facts): ClientProcess[] => {
    const { pid, client, argv, start, runs } = facts;
    const hasHelper = client === 'dhcpcd' && all.some((one) => one.parent === pid && isGenuine(one, client));
    if (runs?.client !== client || !(isGenuine(facts, client) || hasHelper)) return [];
    return [{ pid, client, program: runs.program, argv, start }];
  });
  const accepted = new Set(clients.map(({ pid }) => pid));
  // A child of a client is a helper without rights.
  const impostors = named
    .filter(({ pid, parent }) => !accepted.has(pid) && !accepted.has(parent))
    .map((facts) => ({ pid: facts.pid, client: facts.client, why: whyNot(facts) }));
  return { clients, impostors };
}

/** Returns whether the process still is the client that was found: the same process, with the same program. */
export function isStill({ pid, client, start }: ClientProcess): boolean {
  return findClients().clients.some((one) => one.pid === pid && one.client === client && one.start === start);
}

function isGenuine({ isRoot, hasOurFolders, runs }: Facts, client: ClientName): boolean {
  return isRoot && hasOurFolders && runs?.client === client;
}

function whyNot({ isRoot, runs, hasOurFolders }: Facts): string {
  if (!isRoot) return 'does not run as root';
  if (runs === undefined) return "does not run this host's program";
  return hasOurFolders ? 'is another client' : 'has other files than this host';
}

/** Returns the client that a process says it is: `dhclient`, `/sbin/dhclient`, `dhcpcd: eth0 [ip4]`. */
function nameOf([name = '']: readonly string[]): ClientName | undefined {
  const word = basename(name.split(' ')[0] ?? '').replace(/:$/, '');
  return word === 'dhclient' || word === 'dhcpcd' ? word : undefined;
}

function readProcesses(): Facts[] {
  const here = readlinkSync('/proc/self/ns/net');
  const programs = knownPrograms();
  const folders = FOLDERS.map((path) => statOf(path));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Facts[] => {
      const dir = `/proc/${pid}`;
      try {
        if (readlinkSync(`${dir}/ns/net`) !== here) return [];
        const { parent, start } = readStat(dir);
        const argv = readFileSync(`${dir}/cmdline`, 'utf8')
          .split('\0')
          .filter((arg) => arg !== '');
        const exe = statOf(`${dir}/exe`);
        return [
          {
            pid: Number(pid),
            parent,
            argv,
            start,
            isRoot: isAllRoot(readFileSync(`${dir}/status`, 'utf8')),
            runs: programs.find(({ file }) => isSameFile(file, exe)),
            hasOurFolders: FOLDERS.every((path, index) =>
              isSameFile(statOf(`${dir}/root${path}`), folders[index]),
            ),
          },
        ];
      } catch {
        // The process has ended in the meantime.
        return [];
      }
    });
}

/** Returns the programs of this host that are root's and that nobody else can write. */
function knownPrograms() {
  return (['dhclient', 'dhcpcd'] as const).flatMap((client) =>
    PROGRAMS[client].flatMap((program) => {
      const file = statOf(program);
      return file !== undefined && file.uid === 0 && (file.mode & 0o022) === 0
        ? [{ client, program, file }]
        : [];
    }),
  );
}

/** Reads the parent and the start time (fields 4 and 22 of proc_pid_stat(5)); the name before them may hold anything. */
function readStat(dir: string): { parent: number; start: string } {
  const text = readFileSync(`${dir}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), start: fields[19] ?? '' };
}

/** Whether real, effective, saved and file system uid are all 0 (proc_pid_status(5), "Uid"). */
function isAllRoot(status: string): boolean {
  return /^Uid:\t0\t0\t0\t0$/m.test(status);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function isSameFile(a: Stats | undefined, b: Stats | undefined): boolean {
  return a?.dev === b?.dev && a?.ino === b?.ino;
}
