import { ProductError, UsageError } from './errors.js';

/** The name of a network interface or a bridge. Made only by {@link parseInterfaceName}. */
export type InterfaceName = string & { readonly __brand: 'InterfaceName' };

/** The most characters of an interface's name (IFNAMSIZ of linux/if.h, less the final zero). */
export const MAX_INTERFACE_NAME = 15;

/**
 * The names that the product accepts: those that the kernel accepts (`dev_valid_name` of net/core/dev.c), without
 * the characters that have a meaning where a name is written, such as in the batches of `ip`, in nft scripts, in shells,
 * in regular expressions and in OVS's tables; and without a `-` at the start, which makes an option of it.
 */
const PATTERN = /^[A-Za-z0-9._+@][A-Za-z0-9._+@-]{0,14}$/;
/** Names that mean something else: directories, and the entries for all devices in /proc/sys/net (devinet.c). */
const RESERVED: ReadonlySet<string> = new Set(['.', '..', 'all', 'default']);

export function isInterfaceName(text: string): text is InterfaceName {
  return PATTERN.test(text) && !RESERVED.has(text);
}

/** @throws ProductError `ERR_NOT_AN_INTERFACE_NAME` */
export function parseInterfaceName(text: string): InterfaceName {
  if (isInterfaceName(text)) return text;
  throw new ProductError('ERR_NOT_AN_INTERFACE_NAME', `"${text}" is not a valid interface name; ${RULE}`);
}

/** Reads the value of an option or argument that names an interface or a bridge. @throws UsageError */
export function readInterfaceName(option: string, text: string): InterfaceName {
  if (isInterfaceName(text)) return text;
  throw new UsageError(`${option}=${text}: is not a valid interface name; ${RULE}`);
}

const RULE = `give 1 to ${MAX_INTERFACE_NAME} letters, digits and . _ - + @, and no - first`;
