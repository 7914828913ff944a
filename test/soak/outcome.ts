import { type ProbeTimes, TRAFFIC_CLASSES, type TrafficClass } from '../../lab/traffic.js';
import { CUT_MS, classOutcome, type Outcome } from '../faults/measure.js';
import { descriptorGrowth, floorsOf, type Sample, slopePerHour } from './growth.js';

/** Memory grows by less than this, in MB an hour. */
const MOST_GROWTH = 1;
/** A daemon has at most so many descriptors more at the end than at the start. */
const MOST_DESCRIPTORS = 2;

/** An outage of one class of traffic. */
export interface Cut {
  /** Seconds since the soak began. */
  readonly at: number;
  readonly class: TrafficClass;
  readonly ms: number;
  readonly lost: number;
  /** The move or the fault. */
  readonly during: string;
  /** Whether a fault may cut this class for so long. */
  readonly isExplained: boolean;
}

/** The longest time that a switch which aborts by itself may cut traffic: Debian's OVS 3.1 does so now and then. */
const ABORT_MS = 5_000;

/** What happened to traffic during one move. */
interface Moved {
  readonly at: number;
  readonly during: string;
  readonly probes: readonly ProbeTimes[];
  /** How often a switch aborted meanwhile. */
  readonly aborts: number;
}

/** Returns the outages of a move, one a class. A move itself may cut nothing. */
export function cutsOfMove({ at, during, probes, aborts }: Moved): Cut[] {
  const limitMs = aborts > 0 ? ABORT_MS : 0;
  const classes = new Map(TRAFFIC_CLASSES.map((name) => [name, classOutcome(limitMs, name, probes)]));
  return cutsOf(at, aborts > 0 ? `${during}, while a switch aborted by itself` : during, classes);
}

/** Returns the outages of a fault, one a class. */
export function cutsOfFault(
  at: number,
  { fault, classes, aborts }: Pick<Outcome, 'fault' | 'classes' | 'aborts'>,
): Cut[] {
  if (aborts === 0) return cutsOf(at, fault.name, classes);
  const longer = [...classes].map(
    ([name, one]) => [name, { ...one, limitMs: Math.max(one.limitMs, ABORT_MS) }] as const,
  );
  return cutsOf(at, `${fault.name}, while a switch aborted by itself`, new Map(longer));
}

function cutsOf(at: number, during: string, classes: Outcome['classes']): Cut[] {
  return [...classes]
    .filter(([, { longestMs }]) => longestMs > CUT_MS)
    .map(([name, { longestMs, limitMs, lost }]) => ({
      at,
      class: name,
      ms: longestMs,
      lost,
      during,
      isExplained: longestMs <= limitMs,
    }));
}

/** How one daemon grew after the first minutes, in its last process. */
export interface Growth {
  readonly daemon: string;
  readonly minutes: number;
  /** The least memory of each two minutes. */
  readonly floorsMb: readonly number[];
  readonly mbPerHour: number;
  readonly moreDescriptors: number;
  readonly isFlat: boolean;
}

export function growthOf(daemon: string, samples: readonly Sample[]): Growth {
  const { pid } = samples.at(-1) ?? {};
  const own = samples.filter((one) => one.pid === pid);
  const [first, last] = [own[0], own.at(-1)];
  const floors = floorsOf(own);
  const mbPerHour = slopePerHour(floors);
  const moreDescriptors = descriptorGrowth(own);
  return {
    daemon,
    minutes: ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 60_000,
    floorsMb: floors.map(({ residentMb }) => residentMb),
    mbPerHour,
    moreDescriptors,
    isFlat: mbPerHour < MOST_GROWTH && moreDescriptors <= MOST_DESCRIPTORS,
  };
}

/** Returns the daemons that ran at the start of a soak and have no process now. */
export function absentDaemons(atStart: Iterable<string>, now: Iterable<string>): string[] {
  const running = new Set(now);
  return [...atStart].filter((daemon) => !running.has(daemon));
}
