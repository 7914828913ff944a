import type { Leases } from './dhclient.js';
import type { DhcpOwner } from './dhcp_owner.js';

/** Formats what moves a DHCP client to the other interface as a shell line, to be pasted. */
export function shellLine({ process, leases, commands }: DhcpOwner): string {
  const kill = process === undefined ? [] : [`kill -KILL ${process.pid}`];
  const files = leases === undefined ? [] : [copyLine(leases)];
  return [...kill, ...files, ...commands.map((command) => command.map(quoted).join(' '))].join(' && ');
}

/** A shell empties the file behind `>` before sed reads it, so the same file is changed in place. */
function copyLine({ file, newFile, from, to }: Leases): string {
  const [option, target] = file === newFile ? [' -i', ''] : ['', ` > ${quoted(newFile)}`];
  return `sed${option} ${quoted(`s/"${from}"/"${to}"/`)} ${quoted(file)}${target}`;
}

/** Returns a word as a shell reads it, in single quotes unless it has only harmless characters. */
function quoted(word: string): string {
  return /^[\w./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
