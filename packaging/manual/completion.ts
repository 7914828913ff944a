import type { Command, Option } from 'commander';
import { optionsOf, subcommandsOf } from './command_table.js';

/** What completes a value, by the name that its option or argument has in the table. */
const KINDS: Readonly<Record<string, string>> = {
  file: 'file',
  dir: 'folder',
  interface: 'interface',
  nic: 'interface',
  bridge: 'bridge',
};

const FUNCTION = `
_ovn_k8s() {
  local IFS=$' \\t\\n' current=\${COMP_WORDS[COMP_CWORD]} option= value= words= arguments= word command
  local before=\${COMP_WORDS[COMP_CWORD - 1]}
  command=\${COMP_WORDS[0]##*/}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
    @SUBCOMMANDS@)
      command="$command $word"
      break
      ;;
    esac
  done
  # Bash makes three words of --option=value (COMP_WORDBREAKS).
  if [[ $current == = ]]; then
    option=$before current=
  elif [[ $before == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD - 2]}
  else
    option=$before
  fi
  case "$command $option" in
@VALUES@
  esac
  case "$command" in
@WORDS@
  esac
  if [[ -z $value ]]; then
    value="words $words"
    [[ $current == -* || -z $arguments ]] || value=$arguments
  fi
  case "$value" in
  file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
  folder) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null ;;
  interface) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$current") ;;
  bridge) mapfile -t COMPREPLY < <(compgen -W "$(ovs-vsctl --timeout=1 list-br 2>/dev/null)" -- "$current") ;;
  words*) mapfile -t COMPREPLY < <(compgen -W "\${value#words}" -- "$current") ;;
  *) COMPREPLY=() ;;
  esac
}
`;

/** Writes what completes the commands in bash, from the tables that their `--help` prints. */
export function bashCompletion(programs: readonly Command[]): string {
  const commands = programs.flatMap((program) => [
    { name: program.name(), command: program },
    ...subcommandsOf(program).map((sub) => ({ name: `${program.name()} ${sub.name()}`, command: sub })),
  ]);
  const subcommands = commands.map(({ name }) => name).filter((name) => name.includes(' '));
  const values = commands.flatMap(({ name, command }) =>
    optionsOf(command).flatMap((option) => valueCase(name, option)),
  );
  const words = commands.map(({ name, command }) => wordsCase(name, command));
  const body = FUNCTION.replace('@SUBCOMMANDS@', subcommands.map((name) => `"${name}"`).join(' | '))
    .replace('@VALUES@', values.join('\n'))
    .replace('@WORDS@', words.join('\n'));
  const names = programs.map((program) => program.name()).join(' ');
  return `# bash completion of ${names}${body}\ncomplete -F _ovn_k8s ${names}\n`;
}

/** A value may follow its option as a word of its own, unless the option may be without one. */
function valueCase(name: string, option: Option): string[] {
  if (!option.required) return [];
  const { argChoices } = option;
  const placeholder = /<([^>]*)>/.exec(option.flags)?.[1] ?? '';
  const kind = argChoices === undefined ? (KINDS[placeholder] ?? 'none') : `words ${argChoices.join(' ')}`;
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  return [`  ${flags.map((flag) => `"${name} ${flag}"`).join(' | ')}) value="${kind}" ;;`];
}

function wordsCase(name: string, command: Command): string {
  const options = optionsOf(command).flatMap(({ long }) => (long ? [long] : []));
  const words = [...subcommandsOf(command).map((sub) => sub.name()), ...options];
  const [argument] = command.registeredArguments;
  const kind = argument === undefined ? undefined : KINDS[argument.name()];
  return `  "${name}") words="${words.join(' ')}"${kind === undefined ? '' : ` arguments=${kind}`} ;;`;
}
