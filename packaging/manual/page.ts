import type { Command } from 'commander';
import { meaningOf, optionsOf, subcommandsOf } from './command_table.js';
import { bold, escaped, inline, literal } from './inline.js';

export interface PageOptions {
  /** `ovn-k8s-util-explain` for a subcommand, as man(1) looks for it when it is given two words. */
  readonly name: string;
  readonly section: 1 | 8;
  readonly version: string;
  /** `2026-11-28` */
  readonly date: string;
  /** In roff, from `.SH DESCRIPTION` on. */
  readonly text: string;
  /** Other pages, as `ovn-k8s-util(8)`. */
  readonly seeAlso: readonly string[];
}

/** Writes the man page of a command. Options, arguments and subcommands come from the table that `--help` prints. */
export function manPage(command: Command, options: PageOptions): string {
  const { name, section, version, date, text, seeAlso } = options;
  const lines = [
    `.TH ${name.toUpperCase()} ${section} ${date} "ovn\\-k8s\\-gateway ${version}"`,
    '.SH NAME',
    `${literal(name)} \\- ${escaped(command.description())}`,
    '.SH SYNOPSIS',
    ...synopsis(command),
    text,
    ...rows(
      'ARGUMENTS',
      command.registeredArguments
        .filter(({ description }) => description !== '')
        .map((one) => [one.name(), one.description]),
    ),
    ...rows(
      'COMMANDS',
      subcommandsOf(command).map((one) => [usageOf(one), one.description()]),
    ),
    ...rows(
      'OPTIONS',
      optionsOf(command).map((option) => [option.flags, meaningOf(command, option)]),
    ),
    ...rows('EXIT STATUS', [
      ['0', 'success'],
      ['1', 'failure, or a check that failed'],
      ['2', 'wrong or contradictory options'],
    ]),
    '.SH SEE ALSO',
    seeAlso
      .map((one) => one.replace(/^(.*)\((\d)\)$/, (_, page, number) => `${bold(literal(page))}(${number})`))
      .join(',\n'),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

function synopsis(command: Command): string[] {
  const words = [command.name()];
  for (let { parent } = command; parent !== null; parent = parent.parent) words.unshift(parent.name());
  return [`${bold(literal(words.join(' ')))} ${literal(command.usage())}`];
}

/** Returns how a subcommand is called, without its options. */
function usageOf(command: Command): string {
  return `${command.name()} ${command.usage().replace('[options] ', '').replace('[options]', '')}`.trim();
}

/** Writes a section of terms and meanings; nothing without terms. */
function rows(title: string, terms: readonly (readonly [string, string])[]): string[] {
  if (terms.length === 0) return [];
  return [
    `.SH ${title}`,
    ...terms.flatMap(([term, meaning]) => ['.TP', bold(literal(term)), inline(meaning)]),
  ];
}
