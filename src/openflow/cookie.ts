/**
 * Our cookies: `6b38 | class | 0 | hash`, of 16, 8, 8 and 32 bits.
 *
 * The tag ("k8") marks the flow as ours. The class is the row of the demultiplexer that counts its packets; 0 for a
 * flow that only steers. The hash of the flow's text shows that the cookie belongs to this flow.
 */
const TAG = 0x6b38n;
const TAG_SHIFT = 48n;
const CLASS_SHIFT = 40n;

/** A range of cookies: those that equal `cookie` under `mask`. */
export interface CookieRange {
  readonly cookie: bigint;
  readonly mask: bigint;
}

/** The cookies of all our flows. */
export const OUR_COOKIES: CookieRange = { cookie: TAG << TAG_SHIFT, mask: 0xffffn << TAG_SHIFT };

/**
 * Returns part `index` of `count` of our cookies, by the last bits of the hash, so that parts are about equal in
 * size. `count` is a power of two.
 */
export function partOfOurCookies(index: number, count: number): CookieRange {
  return {
    cookie: OUR_COOKIES.cookie | BigInt(index),
    mask: OUR_COOKIES.mask | BigInt(count - 1),
  };
}

/** Returns the part of {@link partOfOurCookies} that holds a cookie of ours. */
export function partOfCookie(cookie: bigint, count: number): number {
  return Number(cookie & BigInt(count - 1));
}

/** Formats a range as `ovs-ofctl` parses it after `cookie=`. */
export function formatCookieRange({ cookie, mask }: CookieRange): string {
  return `${formatCookie(cookie)}/${formatCookie(mask)}`;
}

export function makeCookie(classId: number, text: string): bigint {
  return OUR_COOKIES.cookie | (BigInt(classId) << CLASS_SHIFT) | BigInt(fnv1a(text));
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

/** Returns the 32-bit FNV-1a hash. It is a fingerprint, not a defence: flows are always compared by their text. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
