import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { readLinks } from '../../host/read_snapshot.js';
import { ProductError } from '../../net/errors.js';

/** Milliseconds that a manager's command may take. */
const COMMAND_MS = 30_000;

/** What a manager reads of this machine, and how it runs commands; passed in so that tests can set it. */
export interface Surroundings {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** Runs a command and returns its standard output. @throws ProductError `ERR_PERSIST` */
  run(...argv: readonly string[]): Promise<string>;
  /** Returns the kernel's index of a device; `undefined` if there is no such device. */
  ifindexOf(device: string): Promise<number | undefined>;
}

/** Returns the surroundings of a manager on this machine. */
export function surroundings(): Surroundings {
  return {
    root: '/',
    run: runCommand,
    ifindexOf: async (device) => (await readLinks()).find(({ ifname }) => ifname === device)?.ifindex,
  };
}

/** The largest file that is read, in bytes. */
const MAX_BYTES = 1 << 20;

/** Returns the text of a file; `undefined` if there is none. @throws ProductError `ERR_PERSIST` */
export function textOf({ root }: Pick<Surroundings, 'root'>, path: string): string | undefined {
  const file = join(root, path);
  const stat = statSync(file, { throwIfNoEntry: false });
  // A link to /dev/null is an empty file of systemd.
  if (stat === undefined || stat.isDirectory()) return undefined;
  if (stat.isCharacterDevice()) return '';
  if (stat.size > MAX_BYTES)
    throw new ProductError('ERR_PERSIST', `${file} is larger than ${MAX_BYTES} bytes`);
  return readFileSync(file, 'utf8');
}

/** Returns the names in a folder, sorted as `LC_ALL=C ls` does; none if there is no such folder. */
export function namesIn({ root }: Pick<Surroundings, 'root'>, folder: string): string[] {
  const path = join(root, folder);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? readdirSync(path).toSorted() : [];
}

/** Returns whether systemd runs a service now. */
export async function isActive({ run }: Pick<Surroundings, 'run'>, unit: string): Promise<boolean> {
  try {
    await run('systemctl', 'is-active', '--quiet', unit);
    return true;
  } catch {
    return false;
  }
}

/** Returns whether systemd runs a service whose devices are those of this process, in its network namespace. */
export async function runsHere({ root, run }: Surroundings, unit: string): Promise<boolean> {
  try {
    const pid = (await run('systemctl', 'show', '--property=MainPID', '--value', unit)).trim();
    const [theirs, ours] = [pid, 'self'].map((one) => readlinkSync(join(root, 'proc', one, 'ns/net')));
    return pid !== '0' && theirs === ours;
  } catch {
    return false;
  }
}

async function runCommand(...[command = '', ...args]: readonly string[]): Promise<string> {
  const { failed, stdout, stderr, shortMessage } = await execa(command, args, {
    reject: false,
    timeout: COMMAND_MS,
    stdin: 'ignore',
  });
  if (failed)
    throw new ProductError('ERR_PERSIST', `${command}: ${stderr.trim().split('\n')[0] || shortMessage}`);
  return stdout;
}
