/** The most lines for one service: an author of Services may list thousands of addresses. */
const MAX_LINES = 20;

/**
 * Returns one line for each thing that a service does not get, with a limit.
 * @param texts one for each of `count` things; those beyond the limit are not asked for
 */
export function refusalLines(service: string, texts: Iterable<string>, count: number): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    if (lines.length === MAX_LINES) break;
    lines.push(`Service ${service}: ${text}`);
  }
  const rest = count - lines.length;
  return rest === 0 ? lines : [...lines, `Service ${service}: ${rest} more addresses or ports are refused`];
}
