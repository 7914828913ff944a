import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { ProductError } from '../net/errors.js';

/** No token or kubeconfig is larger. */
const MAX_BYTES = 1024 * 1024;
/** Write for the group; everything for others. */
const FORBIDDEN_MODE = 0o027;

/**
 * Reads a file that holds a secret: a token or a kubeconfig. Only root and this process's user may be able to change
 * it, and other users may not read it, as ssh(1) requires of a private key.
 *
 * A symbolic link is followed if root or this user made it: Kubernetes replaces a mounted token by changing a link.
 * @param what names the setting in messages, `external_ids:k8s-api-token-file`
 * @throws ProductError `ERR_SECRET_FILE` with the remedy
 */
export async function readSecretFile(
  path: string,
  what: string,
  user: number = process.geteuid?.() ?? 0,
): Promise<string> {
  const refuse = (why: string, cause?: unknown) =>
    new ProductError('ERR_SECRET_FILE', `${what}=${path}: ${why}`, cause === undefined ? {} : { cause });
  if (!isAbsolute(path)) throw refuse('is not an absolute path');
  const isTrusted = (uid: number) => uid === 0 || uid === user;
  let file: FileHandle | undefined;
  try {
    const link = await lstat(path);
    if (link.isSymbolicLink() && !isTrusted(link.uid))
      throw refuse(`is a symbolic link of user ${link.uid}; replace it by a file`);
    const target = link.isSymbolicLink() ? await realpath(path) : path;
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
    file = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode, size } = await file.stat().then((stat) => {
      if (!stat.isFile()) throw refuse('is not a regular file');
      return stat;
    });
    if (!isTrusted(uid)) throw refuse(`belongs to user ${uid}; run chown root ${path}`);
    if ((mode & FORBIDDEN_MODE) !== 0)
      throw refuse(
        `its mode ${(mode & 0o777).toString(8).padStart(4, '0')} gives it to other users; run chmod 600 ${path}`,
      );
    if (size > MAX_BYTES) throw refuse(`is larger than ${MAX_BYTES} bytes`);
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    throw error instanceof ProductError ? error : refuse('cannot be read', error);
  } finally {
    await file?.close();
  }
}

/**
 * Checks a bearer token (RFC 6750, section 2.1) without its surrounding white space. Never shows it.
 * @throws ProductError `ERR_SECRET_FILE`
 */
export function checkToken(text: string, what: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const why = token === '' ? 'is empty' : 'has characters that a token cannot have';
  throw new ProductError('ERR_SECRET_FILE', `${what}: ${why}; write the token and nothing else`);
}
