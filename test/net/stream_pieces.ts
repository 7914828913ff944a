import fc from 'fast-check';

/** Text with everything that can confuse a splitter: quotes, backslashes, brackets, characters of several bytes. */
export const tricky = fc.string({
  unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ' ', 'a', 'é', '漢', '🐙', '\n', '\u2028'),
});

/** Cuts `bytes` into pieces that end at `cuts`, taken modulo the length. */
export function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}
