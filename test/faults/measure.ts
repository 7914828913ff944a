import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../../lab/faults/fault.js';
import { differences, type Snapshot, takeSnapshot } from '../../lab/faults/snapshot.js';
import type { FaultStage } from '../../lab/faults/stage.js';
import { type ProbeTimes, TRAFFIC_CLASSES, type TrafficClass } from '../../lab/traffic.js';
import { explainError } from '../../src/net/errors.js';

/** A class whose requests were lost for less than this was not cut: a busy machine drops packets now and then. */
export const CUT_MS = 500;
/** How long all may take to be as before once the fault is over. */
const HEAL_MS = 30_000;
/** How long a snapshot must stay the same to count as what was before. */
const CALM_MS = 1_000;
/** A probe that had no answer for so long when everything else was as before is not back. */
const DEAD_MS = 300;
const MOST_LINES = 5;

/** What a fault did to one class of traffic. */
export interface ClassOutcome {
  readonly sent: number;
  readonly lost: number;
  /** The longest cut of any probe, in milliseconds. */
  readonly longestMs: number;
  readonly limitMs: number;
  /** TCP connections that broke. */
  readonly broken: number;
}

export interface Outcome {
  readonly fault: Fault;
  readonly classes: ReadonlyMap<TrafficClass, ClassOutcome>;
  /** From the end of the fault until everything was as before; `undefined` if it was not within 30 s. */
  readonly healMs: number | undefined;
  /** What was not as before. */
  readonly left: readonly string[];
  /** Each broken promise; none if the row holds. */
  readonly failures: readonly string[];
  readonly probes: readonly ProbeTimes[];
  /** How often a switch aborted by itself: a fault of Debian's OVS 3.1, which cuts traffic beside the fault. */
  readonly aborts: number;
}

/** A row that a switch of the lab spoiled by aborting is measured again, so many times at most. */
const MOST_RUNS = 3;

/** Measures a fault, again if a switch aborted by itself meanwhile. */
export async function measure(stage: FaultStage, fault: Fault): Promise<Outcome> {
  for (let runs = 1; ; runs++) {
    const outcome = await measureOnce(stage, fault);
    if (outcome.aborts === 0 || runs === MOST_RUNS) return outcome;
  }
}

/** Injects a fault and heals it, and returns what happened until everything was as before. */
async function measureOnce(stage: FaultStage, fault: Fault): Promise<Outcome> {
  const [before] = await Promise.all([calm(stage), stage.traffic.report()]);
  const crashed = await crashes(stage);
  const errors: string[] = [];
  const keep = (error: unknown) => errors.push(explainError(error));
  await fault.inject(stage).catch(keep);
  await pause(fault.lastsMs);
  const healing = performance.now();
  await fault.heal(stage).catch(keep);
  const isDifferent = (now: Snapshot) =>
    differences(before, now).filter((line) => fault.mayLeave?.test(line) !== true && !isGood(line));
  const left = await untilSame(stage, isDifferent, healing + HEAL_MS);
  const { probes, dead, backMs } = await untilBack(stage, healing + HEAL_MS);
  const healMs = left.length + dead.length > 0 ? undefined : backMs - healing;
  const aborts = Math.max(0, (await crashes(stage)) - crashed - (fault.aborts ?? 0));
  if (aborts > 0) errors.push(`ovs-vswitchd aborted ${aborts} times by itself`);
  const classes = new Map(
    TRAFFIC_CLASSES.map((name) => [name, classOutcome(fault.mayCutMs?.[name] ?? 0, name, probes)]),
  );
  return {
    fault,
    classes,
    healMs,
    left,
    probes,
    aborts,
    failures: [...errors, ...failuresOf(classes, left, dead)],
  };
}

/** Returns whether a difference is a problem that ended: an earlier fault's can be remembered for 10 min. */
function isGood(line: string): boolean {
  return /^gone \S+ problem /.test(line);
}

/** Returns how often the switches of a stage have aborted so far. */
export async function crashes({ cluster }: FaultStage): Promise<number> {
  const counts = await Promise.all(cluster.nodes.map(({ host }) => host.switchCrashes()));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Waits until each probe is answered; returns what happened to all of them, and those that are not at the deadline. */
async function untilBack(stage: FaultStage, deadline: number) {
  let probes: readonly ProbeTimes[] = [];
  for (;;) {
    const backMs = performance.now();
    const now = await stage.traffic.report();
    probes = now.map((one, i) => together(probes[i], one));
    const dead = now.filter(({ silentMs }) => silentMs > DEAD_MS).map(({ name }) => name);
    if (dead.length === 0 || performance.now() > deadline) return { probes, dead, backMs };
  }
}

/** Returns two reports of one probe as one. A cut that lasts from one to the other is whole in the second. */
function together(first: ProbeTimes | undefined, second: ProbeTimes): ProbeTimes {
  if (first === undefined) return second;
  const longest = first.longestMs > second.longestMs ? first : second;
  const [sent, lost, broken] = [
    first.sent + second.sent,
    first.lost + second.lost,
    first.broken + second.broken,
  ];
  return { ...longest, silentMs: second.silentMs, sent, lost, broken };
}

/** Returns each promise that was broken. A connection may break only where its class may be cut. */
export function failuresOf(
  classes: ReadonlyMap<TrafficClass, ClassOutcome>,
  left: readonly string[],
  dead: readonly string[],
): string[] {
  const cut = [...classes].filter(([, { longestMs, limitMs }]) => longestMs > Math.max(limitMs, CUT_MS));
  return [
    ...cut.map(
      ([name, { longestMs, limitMs }]) =>
        `${name} was cut for ${longestMs.toFixed(0)} ms, and may be for ${limitMs} ms`,
    ),
    ...[...classes]
      .filter(([, { broken, limitMs }]) => broken > 0 && limitMs === 0)
      .map(([name, { broken }]) => `${name}: ${broken} TCP connections broke, and none may`),
    ...dead.map((name) => `${name} is not back`),
    ...left.slice(0, MOST_LINES).map((line) => `left: ${line.slice(0, 200)}`),
  ];
}

/** Returns what happened to the probes of a class that may be cut for `limitMs`. */
export function classOutcome(limitMs: number, name: TrafficClass, all: readonly ProbeTimes[]): ClassOutcome {
  const probes = all.filter((probe) => probe.class === name);
  const sum = (of: (probe: ProbeTimes) => number) => probes.reduce((total, probe) => total + of(probe), 0);
  // TCP sends again by itself, later and later: datagrams show when the network was back.
  const datagrams = probes.filter(({ kind }) => kind !== 'tcp');
  return {
    sent: sum(({ sent }) => sent),
    lost: sum(({ lost }) => lost),
    longestMs: Math.max(...datagrams.map(({ longestMs }) => longestMs)),
    limitMs,
    broken: sum(({ broken }) => broken),
  };
}

/** Waits until the stage does not change by itself, and returns it. */
async function calm(stage: FaultStage): Promise<Snapshot> {
  const end = performance.now() + HEAL_MS;
  let found = await takeSnapshot(stage);
  let since = performance.now();
  while (performance.now() - since < CALM_MS && performance.now() < end) {
    const now = await takeSnapshot(stage);
    if (differences(found, now).length > 0) [found, since] = [now, performance.now()];
  }
  return found;
}

/** Waits until everything is as before; returns what is not at the deadline. */
async function untilSame(
  stage: FaultStage,
  differencesOf: (now: Snapshot) => string[],
  deadline: number,
): Promise<string[]> {
  for (;;) {
    const left = await takeSnapshot(stage).then(differencesOf, (error: unknown) => [
      `a host that cannot be read: ${error}`,
    ]);
    if (left.length === 0 || performance.now() > deadline) return left;
  }
}
