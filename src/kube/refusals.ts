/** The most lines for one service: an author of Services may list thousands of addresses. */
const MAX_LINES = 20;

/** Returns one line for each thing that a service does not get, with a limit. */
export function refusalLines(service: string, refused: readonly string[]): string[] {
  const lines = refused.slice(0, MAX_LINES).map((one) => `Service ${service}: ${one}`);
  const rest = refused.length - lines.length;
  return rest === 0 ? lines : [...lines, `Service ${service}: ${rest} more addresses or ports are refused`];
}
