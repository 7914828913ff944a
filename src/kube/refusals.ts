/** The most lines for one service or pod: its author may list thousands of addresses or ports. */
const MAX_LINES = 20;

/**
 * Returns one line for each thing that a service or a pod does not get, with a limit.
 * @param texts one for each of `count` things; those beyond the limit are not asked for
 */
export function refusalLines(
  owner: string,
  texts: Iterable<string>,
  count: number,
  kind: 'Service' | 'Pod' = 'Service',
): string[] {
  return boundedTexts(texts, count).map((text) => `${kind} ${owner}: ${text}`);
}

/** Returns the same without the name of the owner. */
export function boundedTexts(texts: Iterable<string>, count: number): string[] {
  const bounded: string[] = [];
  for (const text of texts) {
    if (bounded.length === MAX_LINES) break;
    bounded.push(text);
  }
  const rest = count - bounded.length;
  return rest === 0 ? bounded : [...bounded, `${rest} more addresses or ports are refused`];
}
