import type { Watcher } from './watcher.js';

/** What `status` answers from. */
export interface WatcherStatus {
  /** `undefined` until it has somebody to follow. */
  readonly watcher: Pick<Watcher, 'counts' | 'totals' | 'problems'> | undefined;
  /** What it cannot begin without, each one line. */
  readonly waitingFor: readonly string[];
}

const NOTHING = {
  counts: { ports: 0, services: 0, vips: 0 },
  totals: { looks: 0, transactions: 0, failures: 0 },
  problems: [],
};

/** The status as people read it. */
export function formatStatus(status: WatcherStatus): string {
  const { ports, services, vips, looks, transactions, failures, problems } = factsOf(status);
  const facts = [
    ['ports', String(ports)],
    ['services', `${services}, virtual addresses ${vips}`],
    ['looks', `${looks}, transactions ${transactions}, failures ${failures}`],
    ...problems.map((problem) => ['problem', problem]),
  ];
  return facts.map(([name = '', value = '']) => `${`${name}:`.padEnd(11)}${value}\n`).join('');
}

export function statusJson(status: WatcherStatus): string {
  return JSON.stringify(factsOf(status));
}

function factsOf({ watcher = NOTHING, waitingFor }: WatcherStatus) {
  const { counts, totals, problems } = watcher;
  return { ...counts, ...totals, problems: [...waitingFor, ...problems] };
}
