/**
 * Our cookies: `6b38 | class | 0 | hash`, of 16, 8, 8 and 32 bits.
 *
 * The tag ("k8") says that a flow is ours, the class which row of the demultiplexer counts its packets
 * (0: none, the flow only steers), the hash of its text that the cookie was made for this very flow.
 */
const TAG = 0x6b38n;
const TAG_SHIFT = 48n;
const CLASS_SHIFT = 40n;

/** Flows by their cookies: those with this one under the mask. */
export interface CookieRange {
  readonly cookie: bigint;
  readonly mask: bigint;
}

/** All flows that are ours. */
export const OUR_COOKIES: CookieRange = { cookie: TAG << TAG_SHIFT, mask: 0xffffn << TAG_SHIFT };

/** Part `index` of our flows of `count`, a power of two: each is about as large as the others, by the last bits of the hash. */
export function partOfOurCookies(index: number, count: number): CookieRange {
  return {
    cookie: OUR_COOKIES.cookie | BigInt(index),
    mask: OUR_COOKIES.mask | BigInt(count - 1),
  };
}

/** Which of the parts that {@link partOfOurCookies} makes a cookie of ours is in. */
export function partOfCookie(cookie: bigint, count: number): number {
  return Number(cookie & BigInt(count - 1));
}

/** As `ovs-ofctl` reads it behind `cookie=`. */
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

/** FNV-1a, 32 bits: a fingerprint, not a defence; what a flow says is always compared by its text. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
