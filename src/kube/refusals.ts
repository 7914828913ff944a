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
  const lines: string[] = [];
  for (const text of texts) {
    if (lines.length === MAX_LINES) break;
    lines.push(`${kind} ${owner}: ${text}`);
  }
  const rest = count - lines.length;
  return rest === 0 ? lines : [...lines, `${kind} ${owner}: ${rest} more addresses or ports are refused`];
}
