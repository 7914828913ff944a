import { constants, setPriority } from 'node:os';
import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import {
  type Address,
  type Link,
  type Neighbour,
  type Route,
  type Rule,
  type Snapshot,
  snapshotOf,
} from './snapshot.js';

const TIMEOUT_MS = 5_000;
/** A dump that the kernel changed under `ip`'s hands is asked for again; it says so itself. */
const TRIES = 5;

/**
 * Reads all that hangs on interface `device`.
 * @throws ProductError `ERR_NO_INTERFACE`, `ERR_IP`
 */
export async function readSnapshot(device: string): Promise<Snapshot> {
  const [links, addresses, routes4, routes6, rules4, rules6, neighbours, proxies] = await Promise.all([
    readLinks(),
    dump<{ ifname: string; addr_info: readonly Address[] }>('-details', 'address', 'show'),
    dump<Route>('-N', '-details', '-4', 'route', 'show', 'table', 'all'),
    dump<Route>('-N', '-details', '-6', 'route', 'show', 'table', 'all'),
    dump<Rule>('-N', '-4', 'rule', 'show'),
    dump<Rule>('-N', '-6', 'rule', 'show'),
    dump<Neighbour>('neighbour', 'show', 'dev', device).catch(() => []),
    dump<Neighbour>('neighbour', 'show', 'proxy', 'dev', device).catch(() => []),
  ]);
  const snapshot = snapshotOf(device, {
    links,
    addresses,
    routes: [...routes4.map(ofFamily(4)), ...routes6.map(ofFamily(6))],
    rules: [...rules4.map(ofFamily(4)), ...rules6.map(ofFamily(6))],
    neighbours: [...neighbours, ...proxies],
  });
  if (snapshot.routes.some(({ metrics }) => metrics !== undefined)) await refuseLocked(device);
  return snapshot;
}

export async function readLinks(): Promise<Link[]> {
  return dump<Link>('-details', 'link', 'show');
}

/** A locked metric, as `mtu lock 1400`, is told only by the text of `ip route`, not by its JSON. */
async function refuseLocked(device: string): Promise<void> {
  const texts = await Promise.all(
    ['-4', '-6'].map((family) => output(family, 'route', 'show', 'table', 'all', 'dev', device)),
  );
  const locked = texts.flatMap((text) => text.split('\n')).find((line) => / lock \d/.test(line));
  if (locked !== undefined) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `route ${locked.split(' ')[0]} has "lock", which cannot be moved; delete that route first`,
    );
  }
}

/**
 * Runs the lines as one `ip -batch`, from a file and apart from this process, so that all of it is done even if this
 * process or its terminal goes.
 * @param force goes on after a line that fails, for undoing what may be half done
 * @throws ProductError `ERR_IP` with the lines that failed
 */
export async function runBatch(
  file: string,
  { force = false, family = undefined as 6 | undefined } = {},
): Promise<void> {
  const args = [...(family === 6 ? ['-6'] : []), ...(force ? ['-force'] : []), '-batch', file];
  const child = execa('ip', args, { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore', detached: true });
  hurry(child.pid);
  const { failed, stderr, shortMessage } = await child;
  if (failed)
    throw new ProductError(
      'ERR_IP',
      `ip -batch ${file}: ${stderr.trim().replaceAll('\n', ' ') || shortMessage}`,
    );
}

/** Between two lines of a batch the host may be without a route: on a busy host, too, not for longer than it takes. */
function hurry(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // It has ended already, or this is not allowed here.
  }
}

/** Runs one `ip` command. */
export async function ip(...args: readonly string[]): Promise<void> {
  await output(...args);
}

/** @throws ProductError `ERR_IP` */
async function output(...args: readonly string[]): Promise<string> {
  const { stdout, failed, stderr, shortMessage } = await run(args);
  if (failed) throw failureOf(args, stderr || shortMessage);
  return stdout;
}

async function dump<T>(...args: readonly string[]): Promise<T[]> {
  for (let tries = 1; ; tries++) {
    const { stdout, stderr, failed, shortMessage } = await run(['-json', ...args]);
    const wasInterrupted = stderr.includes('Dump was interrupted');
    if (failed && !wasInterrupted) throw failureOf(args, stderr || shortMessage);
    // ip prints empty objects for entries that a filter left out.
    if (!wasInterrupted)
      return (JSON.parse(stdout || '[]') as T[]).filter((one) => Object.keys(one as object).length > 0);
    if (tries === TRIES) throw failureOf(args, "the kernel's tables never stood still");
  }
}

function run(args: readonly string[]) {
  return execa('ip', args, { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore' });
}

function failureOf(args: readonly string[], why = 'failed'): ProductError {
  return new ProductError('ERR_IP', `ip ${args.join(' ')}: ${why.split('\n')[0]}`);
}

function ofFamily<F extends 4 | 6>(family: F) {
  return <T>(one: T): T & { family: F } => ({ ...one, family });
}
