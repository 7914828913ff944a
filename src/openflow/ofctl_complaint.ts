import { ExecaError } from 'execa';

/** A bridge that does not speak the version that was asked for (lib/vconn.c, "version negotiation failed"). */
const VERSIONS = /version negotiation failed \([^)]*\)/;
/** A command that an older `ovs-ofctl` lacks (lib/command-line.c). */
const UNKNOWN = /^ovs-ofctl: unknown command '([^']+)'/m;

/**
 * Returns the line of `ovs-ofctl`'s standard error that says why it failed: the versions of OpenFlow if those differ, a
 * command that it lacks, else its own message, which comes after those of OVS's libraries; `undefined` if it wrote nothing.
 */
export function complaintIn(lines: readonly string[]): string | undefined {
  const [versions] = VERSIONS.exec(lines.join('\n')) ?? [];
  if (versions !== undefined) return `${versions}; see "protocols" of its Bridge row`;
  const [, command] = UNKNOWN.exec(lines.join('\n')) ?? [];
  if (command !== undefined) return `ovs-ofctl has no command ${command}; install a newer Open vSwitch`;
  return lines.find((line) => line.startsWith('ovs-ofctl:')) ?? lines.find((line) => line !== '');
}

/** Returns what `ovs-ofctl` complained about on standard error, or why it did not run. */
export function complaintOf(error: unknown): string {
  if (!(error instanceof ExecaError)) return 'its answer cannot be read';
  return complaintIn(String(error.stderr ?? '').split('\n')) ?? error.shortMessage;
}
