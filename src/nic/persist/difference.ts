/** Words in front of a value that no terminal shall show. */
const SECRET =
  /^([\s#;]*"?[\w.-]*(?:password|passphrase|passwd|psk|secret|token|private-?key|wep-?key|wireless[-_]key)[\w.-]*"?\s*[:=]?\s*)\S.*$/i;

/**
 * Returns what changes in a text, one line each: `- ` for a line that goes, `+ ` for one that comes. Lines in front of
 * the first change and after the last are left out; values of passwords and keys are not shown.
 */
export function differenceOf(before: string | undefined, after: string | undefined): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  return [
    ...old.slice(start, old.length - end).map((line) => `- ${shown(line)}`),
    ...now.slice(start, now.length - end).map((line) => `+ ${shown(line)}`),
  ];
}

function linesOf(text: string | undefined): string[] {
  const lines = (text ?? '').split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function shown(line: string): string {
  return line.replace(SECRET, '$1(not shown)');
}
