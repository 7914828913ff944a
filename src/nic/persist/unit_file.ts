// Files of systemd's syntax (systemd.syntax(7)) as text: comments and the order of lines stay.

/** A part of a file: the lines of a section with its header, or those in front of the first header. */
interface Part {
  /** `undefined` in front of the first header. */
  readonly section: string | undefined;
  readonly lines: readonly string[];
}

/** Returns the names of the sections in a text. */
export function sectionsOf(text: string): string[] {
  return partsOf(text).flatMap(({ section }) => section ?? []);
}

/** Returns the text without sections of these names. */
export function withoutSections(text: string, names: readonly string[]): string {
  return textOf(partsOf(text).filter(({ section }) => section === undefined || !names.includes(section)));
}

/** Returns the sections of a name, without the lines that set one of `keys`. */
export function onlySection(
  text: string,
  name: string,
  { without }: { readonly without: readonly string[] },
): string {
  const parts = partsOf(text).filter(({ section }) => section === name);
  return textOf(parts.map((part) => ({ ...part, lines: withoutKeys(part.lines, without) })));
}

/** Returns the last value of a key in a section; `undefined` if it is not set. */
export function settingOf(text: string, name: string, key: string): string | undefined {
  const lines = partsOf(text)
    .filter(({ section }) => section === name)
    .flatMap((part) => part.lines);
  return lines
    .filter((line) => keyOf(line) === key)
    .at(-1)
    ?.replace(/^[^=]*=\s*/, '')
    .trim();
}

function partsOf(text: string): Part[] {
  const parts: { section: string | undefined; lines: string[] }[] = [{ section: undefined, lines: [] }];
  let continues = false;
  for (const line of text.split('\n')) {
    const header = continues ? undefined : /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1];
    if (header !== undefined) parts.push({ section: header, lines: [] });
    parts.at(-1)?.lines.push(line);
    continues = line.endsWith('\\') && !isComment(line);
  }
  return parts;
}

function withoutKeys(lines: readonly string[], keys: readonly string[]): string[] {
  const kept: string[] = [];
  let drops = false;
  let continues = false;
  for (const line of lines) {
    if (!continues) drops = keys.includes(keyOf(line) ?? '');
    if (!drops) kept.push(line);
    continues = line.endsWith('\\') && !isComment(line);
  }
  return kept;
}

function keyOf(line: string): string | undefined {
  return /^\s*([A-Za-z0-9-]+)\s*=/.exec(line)?.[1];
}

function isComment(line: string): boolean {
  return /^\s*[#;]/.test(line);
}

function textOf(parts: readonly Part[]): string {
  const text = parts
    .flatMap(({ lines }) => lines)
    .join('\n')
    .trim();
  return text === '' ? '' : `${text}\n`;
}
