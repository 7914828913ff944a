import type { DaemonFacts } from '../facts/facts.js';
import { type Check, type Finding, fail, ok } from '../finding.js';

/** Checks that the programs that this host needs run, and that every program with a pidfile answers. */
export const daemons: Check = {
  name: 'daemons',
  run: ({ daemons: all }) => all.flatMap(judge),
};

/** The command that restarts a program, if Debian's unit has another name. */
const STARTED_BY: ReadonlyMap<string, string> = new Map([
  ['ovsdb-server', 'systemctl restart ovsdb-server'],
  ['ovs-vswitchd', 'systemctl restart ovs-vswitchd'],
  ['ovn-controller', 'systemctl restart ovn-controller'],
  ['ovn-northd', 'systemctl restart ovn-northd'],
  ['ovnnb_db', 'systemctl restart ovn-ovsdb-server-nb'],
  ['ovnsb_db', 'systemctl restart ovn-ovsdb-server-sb'],
]);

function judge({ program, isNeeded, state, detail }: DaemonFacts): readonly Finding[] {
  const remedy = `run ${STARTED_BY.get(program) ?? `systemctl restart ${program}`}; see its log`;
  switch (state) {
    case 'alive':
      return [ok(`${program} is alive: ${detail}`)];
    case 'absent':
      return isNeeded ? [fail(`${program} does not run: ${detail}`, remedy)] : [];
    case 'dead':
      return [fail(`${program} has died: ${detail}`, remedy)];
    case 'mute':
      return [fail(`${program} does not answer: ${detail}`, remedy)];
  }
}
