import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { execa } from 'execa';
import { ProductError } from '../net/errors.js';

const TIMEOUT_MS = 10_000;

/** A command of libnftables' JSON (libnftables-json(5)): `{ add: { … } }`. */
export type NftCommand = Readonly<Record<string, unknown>>;

/** Runs an nft script as one transaction. It ends also if this process or its terminal goes. @throws ProductError `ERR_NFT` */
export async function runNft(script: string): Promise<void> {
  const options = { input: script, reject: false, timeout: TIMEOUT_MS, detached: true } as const;
  const { failed, stderr, shortMessage } = await execa('nft', ['-f', '-'], options);
  if (failed) throw failure(stderr, shortMessage);
}

/** O_TMPFILE (open(2)), which Node.js does not name: a file that has no name, and goes with its descriptor. */
const O_TMPFILE = 0o20_200_000;

/** Folders for such a file: memory first, since a table must change also while a disk is full or read-only. */
const FOLDERS: readonly string[] = ['/dev/shm', tmpdir()];

/** Opens a file without a name, in the first of the folders that can have one. @throws the last folder's error */
export async function openUnnamed(folders: readonly string[] = FOLDERS): Promise<FileHandle> {
  const [folder = tmpdir(), ...more] = folders;
  try {
    return await open(folder, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch (error) {
    if (more.length === 0) throw error;
    return openUnnamed(more);
  }
}

/** Runs commands as one transaction: the kernel has all of them or none. @throws ProductError `ERR_NFT` */
export async function runNftJson(commands: readonly NftCommand[]): Promise<void> {
  // nft 1.0.6 opens /dev/stdin for JSON, which fails: Node.js makes a socket of it.
  const file = await openUnnamed();
  try {
    const path = `/proc/${process.pid}/fd/${file.fd}`;
    await file.write(JSON.stringify({ nftables: commands }), 0);
    const options = { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore', detached: true } as const;
    const { failed, stderr, shortMessage } = await execa('nft', ['-j', '-f', path], options);
    if (failed) throw failure(stderr, shortMessage);
  } finally {
    await file.close();
  }
}

/**
 * Returns the objects of a table, as `nft -j list table` prints them; `undefined` if there is no such table.
 * @param terse leaves out the elements of sets and maps
 * @throws ProductError `ERR_NFT`
 */
export async function listNftTable(
  family: string,
  name: string,
  { terse = false } = {},
): Promise<readonly NftCommand[] | undefined> {
  const args = ['-j', ...(terse ? ['-t'] : []), 'list', 'table', family, name];
  const { failed, exitCode, code, stdout, stderr, shortMessage } = await execa('nft', args, {
    reject: false,
    timeout: TIMEOUT_MS,
    stdin: 'ignore',
    maxBuffer: 256 * 1024 * 1024,
  });
  // Without nft nobody has made a table.
  if (code === 'ENOENT') return undefined;
  if (failed && exitCode === 1 && stderr.includes('No such file or directory')) return undefined;
  if (failed) throw failure(stderr, shortMessage);
  return objectsOf(stdout);
}

/** Removes a table if there is one. @throws ProductError `ERR_NFT` */
export async function removeNftTable(family: string, name: string): Promise<void> {
  if ((await listNftTable(family, name, { terse: true })) === undefined) return;
  const table = { family, name };
  // Someone else may have removed it meanwhile; deleting what does not exist is an error.
  await runNftJson([{ add: { table } }, { delete: { table } }]);
}

/** Parses the output of `nft -j list`. @throws ProductError `ERR_NFT` */
export function objectsOf(json: string): readonly NftCommand[] {
  try {
    const { nftables } = JSON.parse(json) as { readonly nftables?: unknown };
    if (Array.isArray(nftables)) return nftables as NftCommand[];
  } catch (error) {
    throw new ProductError('ERR_NFT', 'nft -j: the output is not JSON', { cause: error });
  }
  throw new ProductError('ERR_NFT', 'nft -j: the output has no "nftables"');
}

function failure(stderr: string, shortMessage: string | undefined): ProductError {
  const why = stderr.split('\n')[0] || shortMessage;
  return new ProductError('ERR_NFT', `nft: ${why}; is the nftables package installed?`);
}
