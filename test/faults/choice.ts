import type { Fault } from '../../lab/faults/fault.js';

/** Faults of different subjects that are over soon. */
const QUICK = new Set([
  'helper killed',
  'watcher killed',
  'node daemon killed',
  'CNI plugin killed',
  'two nics-to-bridge at once',
  'ovs-vswitchd restarted',
  'ovsdb-server killed',
  'ovn-controller killed',
  'northbound restored from a backup',
  "router's MAC changed",
]);

/** Returns the faults that the options name. Throws if a name is none. */
export function chosen(
  faults: readonly Fault[],
  { only, quick }: { readonly only?: string; readonly quick?: true },
): readonly Fault[] {
  if (quick) return faults.filter(({ name }) => QUICK.has(name));
  if (only === undefined) return faults;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find(
    (wanted) => !faults.some(({ name, subject }) => [name, subject].includes(wanted)),
  );
  if (unknown !== undefined) throw new Error(`no fault or subject "${unknown}"; --list prints all`);
  return faults.filter(({ name, subject }) => names.includes(name) || names.includes(subject));
}
