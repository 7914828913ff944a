import { readdirSync, readFileSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';

/** The clients of which the product knows the program. */
const CLIENTS = ['dhclient', 'dhcpcd'] as const;
type ClientName = (typeof CLIENTS)[number];

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

/** What the kernel knows of a process. None of it is the process's own memory, which its user could make unreadable. */
interface Facts {
  readonly pid: number;
  readonly parent: number;
  readonly start: string;
  /** The name that the kernel has for it (proc_pid_comm(5)). */
  readonly name: string;
  readonly isRoot: boolean;
  /** The client whose program it runs, on this host's disk. */
  readonly runs: { readonly client: ClientName; readonly program: string } | undefined;
}

/**
 * Finds the DHCP clients of this network namespace. Any user can run a process with any name and arguments, so a client is
 * a process of root (real, effective and saved uid) that runs the very file of a program that only root can write, and
 * has the same root and folders as this process. A dhcpcd that has given up root is one if it is the parent of such a
 * process, its helper. The arguments of other processes are not read: the reader would wait for the memory they are in.
 */
export function findClients(): { readonly clients: ClientProcess[]; readonly impostors: Impostor[] } {
  const all = readProcesses();
  const genuine = all.filter(isGenuine);
  const clients = all.flatMap(({ pid, start, runs }): ClientProcess[] => {
    const isAccepted = genuine.some(
      (one) =>
        one.pid === pid || (one.parent === pid && runs?.client === 'dhcpcd' && one.runs?.client === 'dhcpcd'),
    );
    const argv = runs !== undefined && isAccepted ? readArguments(pid) : [];
    return runs === undefined || argv.length === 0 ? [] : [{ pid, ...runs, argv, start }];
  });
  const accepted = new Set(clients.map(({ pid }) => pid));
  const impostors = all.flatMap((facts): Impostor[] => {
    const client = CLIENTS.find((one) => one === facts.name);
    // A child of a client is a helper without rights.
    if (client === undefined || accepted.has(facts.pid) || accepted.has(facts.parent)) return [];
    return [{ pid: facts.pid, client, why: whyNot(facts) }];
  });
  return { clients, impostors };
}

/** Returns whether the process still is the client that was found: the same process, with the same program. */
export function isStill({ pid, client, start }: ClientProcess): boolean {
  return findClients().clients.some((one) => one.pid === pid && one.client === client && one.start === start);
}

function isGenuine({ pid, isRoot, runs }: Facts): boolean {
  return isRoot && runs !== undefined && hasOurFolders(pid);
}

function whyNot({ isRoot, runs }: Facts): string {
  if (!isRoot) return 'does not run as root';
  return runs === undefined ? "does not run this host's program" : 'has other files than this host';
}

function readProcesses(): Facts[] {
  const here = readlinkSync('/proc/self/ns/net');
  const programs = knownPrograms();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Facts[] => {
      const dir = `/proc/${pid}`;
      try {
        if (readlinkSync(`${dir}/ns/net`) !== here) return [];
        const { parent, start, name } = readStat(dir);
        const isRoot = isAllRoot(readFileSync(`${dir}/status`, 'latin1'));
        return [{ pid: Number(pid), parent, start, name, isRoot, runs: programOf(dir, programs) }];
      } catch {
        // The process has ended in the meantime.
        return [];
      }
    });
}

type Program = ReturnType<typeof knownPrograms>[number];

/** Asks a disk only if the program has a known path: a user's own file system may never answer. */
function programOf(dir: string, programs: readonly Program[]): Facts['runs'] {
  const path = linkOf(`${dir}/exe`);
  const known = programs.find(({ file, real }) => real === path && isSameFile(file, statOf(`${dir}/exe`)));
  return known && { client: known.client, program: known.program };
}

function hasOurFolders(pid: number): boolean {
  return FOLDERS.every((path) => isSameFile(statOf(`/proc/${pid}/root${path}`), statOf(path)));
}

/** Returns the arguments of a process; none if it has ended. */
function readArguments(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text.split('\0').filter((arg) => arg !== '');
  } catch {
    return [];
  }
}

/** Returns the programs of this host that are root's and that nobody else can write. */
function knownPrograms() {
  return CLIENTS.flatMap((client) =>
    PROGRAMS[client].flatMap((program) => {
      const file = statOf(program);
      if (file === undefined || file.uid !== 0 || (file.mode & 0o022) !== 0) return [];
      return [{ client, program, file, real: realpathSync(program) }];
    }),
  );
}

/** Reads name, parent and start time (fields 2, 4 and 22 of proc_pid_stat(5)); the name may hold anything. */
function readStat(dir: string): { name: string; parent: number; start: string } {
  const text = readFileSync(`${dir}/stat`, 'latin1');
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    parent: Number(fields[1]),
    start: fields[19] ?? '',
  };
}

/** Whether real, effective, saved and file system uid are all 0 (proc_pid_status(5), "Uid"). */
function isAllRoot(status: string): boolean {
  return /^Uid:\t0\t0\t0\t0$/m.test(status);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // A process of the kernel has none.
    return undefined;
  }
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
