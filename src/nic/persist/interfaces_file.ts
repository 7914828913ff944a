// Files of ifupdown (interfaces(5)) as text: every octet of a line that does not change stays.

/** A line with those that continue it. */
export interface Line {
  /** With its line breaks. */
  readonly raw: string;
  /** The number of the first line in the file, from 1. */
  readonly number: number;
  /** None for a comment and for an empty line. */
  readonly words: readonly string[];
}

/** A keyword's line, and the lines that belong to it. */
export interface Stanza {
  /** `undefined` for the lines in front of the first keyword. */
  readonly head: Line | undefined;
  readonly options: readonly Line[];
}

const KEYWORDS =
  /^(iface|mapping|template|auto|allow-.*|no-auto-down|no-scripts|rename|source|source-directory)$/;
/** Keywords that are followed by lines of their own. */
const WITH_OPTIONS: readonly string[] = ['iface', 'mapping', 'template'];

/** Returns the stanzas of a file. Their lines, one after another, are the file's text. */
export function stanzasOf(text: string): Stanza[] {
  const stanzas: { head: Line | undefined; options: Line[] }[] = [{ head: undefined, options: [] }];
  for (const line of linesOf(text)) {
    if (KEYWORDS.test(line.words[0] ?? '')) stanzas.push({ head: line, options: [] });
    else stanzas.at(-1)?.options.push(line);
  }
  return stanzas;
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let open: { raw: string; number: number } | undefined;
  const raws = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  for (const [index, raw] of raws.entries()) {
    const whole = { raw: `${open?.raw ?? ''}${raw}`, number: open?.number ?? index + 1 };
    const isComment = open === undefined && /^\s*#/.test(raw);
    open = !isComment && /\\\n$/.test(raw) ? whole : undefined;
    if (open === undefined) lines.push(lineOf(whole, isComment));
  }
  if (open !== undefined) lines.push(lineOf(open, false));
  return lines;
}

function lineOf({ raw, number }: { raw: string; number: number }, isComment: boolean): Line {
  const words = isComment ? [] : raw.replaceAll('\\\n', ' ').split(/\s+/).filter(Boolean);
  return { raw, number, words };
}

/** Returns the files and folders that a file includes, in order. */
export function includesOf(text: string): { readonly pattern: string; readonly isFolder: boolean }[] {
  return stanzasOf(text).flatMap(({ head }) => {
    const [keyword, pattern] = head?.words ?? [];
    if (pattern === undefined || (keyword !== 'source' && keyword !== 'source-directory')) return [];
    return [{ pattern, isFolder: keyword === 'source-directory' }];
  });
}

/** Returns whether a stanza configures a device or a logical interface of this name. */
export function isIfaceOf({ head }: Stanza, name: string): boolean {
  return head?.words[0] === 'iface' && head.words[1] === name;
}

/** Returns whether a stanza can have lines of its own. */
export function hasOptions({ head }: Stanza): boolean {
  return WITH_OPTIONS.includes(head?.words[0] ?? '');
}

/** Returns whether a text names a device as a whole word, as in `dev eth0`, not as in `eth0.5` or `myeth0`. */
export function namesDevice(text: string, device: string): boolean {
  return wholeWord(device).test(text);
}

/** Replaces a device's name where it is a whole word. */
export function renameDevice(text: string, from: string, to: string): string {
  return text.replace(wholeWord(from), () => to);
}

function wholeWord(device: string): RegExp {
  const literal = device.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // A name of a sysctl ends at a dot, as in net.ipv4.conf.eth0.rp_filter; a VLAN's number follows one.
  return new RegExp(`(?<![\\w-])(?<!\\d\\.)${literal}(?![\\w:-])(?!\\.\\d)`, 'g');
}
