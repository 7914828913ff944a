/**
 * Our cookies: `6b38 | class | 0 | hash`, of 16, 8, 8 and 32 bits.
 *
 * The tag ("k8") says that a flow is ours, the class which row of the demultiplexer counts its packets
 * (0: none, the flow only steers), the hash of its text that the cookie was made for this very flow.
 */
const TAG = 0x6b38n;
const TAG_SHIFT = 48n;
const CLASS_SHIFT = 40n;

/** All flows that are ours: their cookies under the mask. */
export const OUR_COOKIE = TAG << TAG_SHIFT;
export const OUR_COOKIE_MASK = 0xffffn << TAG_SHIFT;

/** The same for `ovs-ofctl`: `cookie=VALUE/MASK`. */
export const OUR_COOKIES = `0x${OUR_COOKIE.toString(16)}/0x${OUR_COOKIE_MASK.toString(16)}`;

export function makeCookie(classId: number, text: string): bigint {
  return OUR_COOKIE | (BigInt(classId) << CLASS_SHIFT) | BigInt(fnv1a(text));
}

export function isOurCookie(cookie: bigint): boolean {
  return cookie >> TAG_SHIFT === TAG;
}

export function classIdOf(cookie: bigint): number {
  return Number((cookie >> CLASS_SHIFT) & 0xffn);
}

export function formatCookie(cookie: bigint): string {
  return `0x${cookie.toString(16)}`;
}

/** FNV-1a, 32 bits: a fingerprint, not a defence; what a flow says is always compared by its text. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
