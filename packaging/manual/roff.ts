import { inline, type LinkTarget, literal } from './inline.js';

/**
 * Turns a page of docs/ into the sections of a man page: the text before its first `##` under DESCRIPTION, each `##` as a
 * section, each `###` as a part of one. A table becomes a list of terms. Markdown that the pages do not use is not known.
 */
export function sectionsOf(markdown: string, linkTarget: LinkTarget): string {
  const lines = markdown.replace(/^# .*\n/, '').split('\n');
  const out = ['.SH DESCRIPTION'];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const rest = lines.slice(at);
    const block = blockAt(line, rest, linkTarget);
    out.push(...block.roff);
    at += block.length;
  }
  return out.join('\n');
}

interface Block {
  /** How many lines of the page it takes. */
  readonly length: number;
  readonly roff: readonly string[];
}

const ITEM = /^(?:- |\d+\. )/;

function blockAt(line: string, rest: readonly string[], linkTarget: LinkTarget): Block {
  const text = (markdown: string) => inline(markdown, linkTarget);
  if (line.trim() === '' || line.startsWith('<!--')) return { length: 1, roff: [] };
  if (line.startsWith('```')) return fenced(rest);
  if (line.startsWith('    ')) return indented(rest);
  if (line.startsWith('|')) return table(rest, text);
  const [, marks = '', title = ''] = /^(#+) (.*)$/.exec(line) ?? [];
  if (marks === '##') return { length: 1, roff: [`.SH ${heading(title.toUpperCase())}`] };
  if (marks !== '') return { length: 1, roff: [`.SS ${heading(title)}`] };
  if (ITEM.test(line)) return item(rest, text);
  const taken = count(rest, (one) => one.trim() !== '' && !one.startsWith('|') && !one.startsWith('```'));
  return { length: taken, roff: ['.PP', text(rest.slice(0, taken).join('\n'))] };
}

/** A heading has one font, so its code is plain. */
function heading(title: string): string {
  return `"${literal(title.replaceAll('`', ''))}"`;
}

function fenced(rest: readonly string[]): Block {
  const length = count(rest.slice(1), (line) => !line.startsWith('```')) + 2;
  return { length, roff: example(rest.slice(1, length - 1)) };
}

function indented(rest: readonly string[]): Block {
  const length = count(rest, (line) => line.startsWith('    '));
  return { length, roff: example(rest.slice(0, length).map((line) => line.slice(4))) };
}

function example(lines: readonly string[]): string[] {
  return ['.PP', '.RS 4', '.EX', ...lines.map(literal), '.EE', '.RE'];
}

function item(rest: readonly string[], text: (markdown: string) => string): Block {
  const [first = '', ...more] = rest;
  const length = 1 + count(more, (line) => /^ {2,}\S/.test(line));
  const body = [first.replace(ITEM, ''), ...more.slice(0, length - 1).map((line) => line.trim())];
  const [, number] = /^(\d+\.) /.exec(first) ?? [];
  return { length, roff: [number === undefined ? '.IP \\(bu 2' : `.IP ${number} 4`, text(body.join('\n'))] };
}

/** Each row is a term and its meaning. Further columns follow under their headings. */
function table(rest: readonly string[], text: (markdown: string) => string): Block {
  const length = count(rest, (line) => line.startsWith('|'));
  const [heads = [], , ...rows] = rest.slice(0, length).map(cellsOf);
  return {
    length,
    roff: rows.flatMap(([term = '', ...cells]) => {
      const named = cells.map((cell, at) => (cells.length === 1 ? cell : `${heads[at + 1] ?? ''}: ${cell}`));
      const filled = named.filter((cell) => !cell.endsWith(': ') && cell !== '');
      return ['.TP', text(term === '' ? '"' : term), filled.map(text).join('\n.br\n')];
    }),
  };
}

function cellsOf(row: string): string[] {
  return row
    .replaceAll('\\|', '\u0000')
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split('|')
    .map((cell) => cell.trim().replaceAll('\u0000', '|'));
}

function count(lines: readonly string[], isPart: (line: string) => boolean): number {
  const end = lines.findIndex((line) => !isPart(line));
  return end === -1 ? lines.length : end;
}
