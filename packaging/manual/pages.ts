import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { PROJECT } from '../../lab/project.js';
import { subcommandsOf } from './command_table.js';
import { literal } from './inline.js';
import { manPage } from './page.js';
import { sectionsOf } from './roff.js';

/** The page of docs/ that has the text of a command; `#` and the title of a section, for a part of a page. */
const SOURCES: Readonly<Record<string, string>> = {
  'ovn-k8s-gateway-helper': 'gateway-helper.md',
  'ovn-k8s-watcher': 'watcher.md',
  'ovn-k8s-node': 'node.md',
  'ovn-k8s-cni-overlay': 'cni.md',
  'ovn-k8s-overlay': 'overlay.md',
  'ovn-k8s-util-nics-to-bridge': 'nic-move.md',
  'ovn-k8s-util-explain': 'explain.md',
  'ovn-k8s-util-top': 'tools.md#top',
  'ovn-k8s-util-audit': 'tools.md#audit',
  'ovn-k8s-util-doctor': 'tools.md#doctor',
  'ovn-k8s-util-restart-switch': 'tools.md#restart-switch',
};

/** A command that every user can use, on a file; all others need root. */
const FOR_ALL: readonly string[] = ['ovn-k8s-util-explain'];
/** Where Debian's package has the pages. */
const DOCS = '/usr/share/doc/ovn-k8s-gateway/docs';

export interface ManPage {
  readonly file: string;
  readonly text: string;
}

/** Returns a man page for each executable and each of its subcommands. */
export function manPages(
  commands: ReadonlyMap<string, Command>,
  { version, date }: { readonly version: string; readonly date: string },
): readonly ManPage[] {
  const all = [...commands.values()].flatMap((command) => [
    { name: command.name(), command },
    ...subcommandsOf(command).map((sub) => ({ name: `${command.name()}-${sub.name()}`, command: sub })),
  ]);
  return all.map(({ name, command }) => ({
    file: `${name}.${sectionOf(name)}`,
    text: manPage(command, {
      ...{ name, section: sectionOf(name), version, date },
      text: textOf(name, command),
      seeAlso: relatives(command, all).map(reference),
    }),
  }));
}

interface Named {
  readonly name: string;
  readonly command: Command;
}

/** Returns the names of the other executables, and of the other pages of this one. */
function relatives(command: Command, all: readonly Named[]): string[] {
  const program = command.parent ?? command;
  const related = all.filter(
    (one) => one.command !== command && [null, program].includes(one.command.parent),
  );
  return [...related.map(({ name }) => name), 'ovs-vswitchd', 'ovs-appctl', 'ovn-controller'];
}

function reference(name: string): string {
  return `${name}(${sectionOf(name)})`;
}

function sectionOf(name: string): 1 | 8 {
  return FOR_ALL.includes(name) ? 1 : 8;
}

function textOf(name: string, command: Command): string {
  const source = SOURCES[name];
  if (source === undefined) return pointer(command);
  const [page = '', part] = source.split('#');
  const text = readFileSync(join(PROJECT, 'docs', page), 'utf8');
  return sectionsOf(part === undefined ? text : partOf(text, part), linkTarget);
}

/** The text of a command whose page is another's: a group of subcommands, or one of a pair. */
function pointer(command: Command): string {
  const { parent } = command;
  const page =
    parent === null
      ? 'Each command has a page of its own, for example'
      : 'The text is on another page, with that of related commands:';
  const other =
    parent === null
      ? `${command.name()}-${subcommandsOf(command)[0]?.name()}`
      : parent.name() === 'ovn-k8s-util'
        ? 'ovn-k8s-util-nics-to-bridge'
        : parent.name();
  return `.SH DESCRIPTION\n${page}\n\\fB${literal(other)}\\fR(8).`;
}

/** Returns the section of a page whose title is `part` in code, without the title. */
function partOf(text: string, part: string): string {
  const [, after] = text.split(`\n## \`${part}\`\n`);
  if (after === undefined) throw new Error(`docs/tools.md has no section of ${part}`);
  return after.split(/\n## /)[0] ?? '';
}

/** A page that is a man page too is named as one; any other is a file of the package. */
function linkTarget(target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return target;
  const [page = ''] = target.split('#');
  if (page === '') return undefined;
  const [name] = Object.entries(SOURCES).find(([, source]) => source === page) ?? [];
  if (name !== undefined) return reference(name);
  return page.endsWith('.md') && !page.includes('/') ? `${DOCS}/${page}` : undefined;
}
