import { loadavg } from 'node:os';
import type { Fault } from '../../lab/faults/fault.js';
import { differences, takeSnapshot } from '../../lab/faults/snapshot.js';
import type { FaultStage } from '../../lab/faults/stage.js';
import { switchWords } from '../../src/switch/switch_words.js';
import { crashes, measure } from '../faults/measure.js';
import { wrongAnswers } from './check.js';
import { endedEarly } from './ending.js';
import type { Sample } from './growth.js';
import { History, type Move } from './history.js';
import { sampleDaemons } from './memory.js';
import { Objects } from './objects.js';
import { absentDaemons, type Cut, cutsOfFault, cutsOfMove, type Growth, growthOf } from './outcome.js';

/** Memory is judged after this time. Until then our daemons are killed too: a new process grows first. */
const WARM_UP_MS = 5 * 60_000;
/** How long everything may take to be right, and at the end as it was at the start. */
const SETTLE_MS = 60_000;

export interface Soak {
  readonly seed: number;
  readonly started: string;
  readonly minutes: number;
  readonly moves: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly cuts: readonly Cut[];
  /** Each promise of a fault that was broken. */
  readonly broken: readonly string[];
  /** The same where a switch aborted by itself meanwhile, which says nothing about the fault. */
  readonly spoiled: readonly string[];
  /** What the machine and the gateway's switch say about each outage that no fault explains. */
  readonly witnesses: readonly string[];
  readonly growths: readonly Growth[];
  /** Daemons that ran at the start and not after the last move. */
  readonly absent: readonly string[];
  /** Where and why the soak ended before its time; nothing was checked at the end then. */
  readonly ended: string | undefined;
  /** What was wrong at the end, with all pods and services there. */
  readonly wrong: readonly string[];
  /** What was not as at the start, after all of them were deleted. */
  readonly left: readonly string[];
}

interface Options {
  readonly durationMs: number;
  readonly seed: number;
  /** Takes a line of progress. */
  log(line: string): void;
}

/** Plays a random history on a stage. A move that fails ends it: what was seen until then is returned. */
export async function soak(
  stage: FaultStage,
  faults: readonly Fault[],
  { durationMs, seed, log }: Options,
): Promise<Soak> {
  const started = new Date().toISOString();
  const before = await takeSnapshot(stage);
  const history = new History(seed);
  const objects = new Objects(stage);
  const byName = new Map(faults.map((fault) => [fault.name, fault]));
  const names = faults.map(({ name }) => name);
  const later = faults.filter(({ subject }) => subject !== 'processes').map(({ name }) => name);
  const counts = new Map<string, number>();
  const cuts: Cut[] = [];
  const broken: string[] = [];
  const spoiled: string[] = [];
  const witnesses: string[] = [];
  const samples = new Map<string, Sample[]>();
  const atStart = await sampleDaemons(stage, 0);
  const begin = performance.now();
  const since = () => performance.now() - begin;
  const isWarm = () => since() > Math.min(WARM_UP_MS, durationMs / 3);
  const place = { at: 0, move: 0, doing: 'start' };
  const playOne = async () => {
    const at = Math.round(since() / 1_000);
    const move = history.next(isWarm() ? later : names);
    Object.assign(place, { at, move: place.move + 1, doing: describe(move) });
    const fault = move.do === 'fault' ? byName.get(move.fault) : undefined;
    if (fault !== undefined) {
      const outcome = await measure(stage, fault);
      cuts.push(...cutsOfFault(at, outcome));
      const failures = outcome.failures.map((line) => `${at} s, ${fault.name}: ${line}`);
      (outcome.aborts > 0 ? spoiled : broken).push(...failures);
      counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
    } else if (move.do !== 'fault') {
      const [crashed, moving] = [await crashes(stage), new Date()];
      await objects.apply(move);
      const probes = await stage.traffic.report();
      const aborts = (await crashes(stage)) - crashed;
      const found = cutsOfMove({ at, during: place.doing, probes, aborts });
      cuts.push(...found);
      if (found.some(({ isExplained }) => !isExplained)) {
        const { rundir } = stage.gateway.host;
        const words = await switchWords(moving, undefined, { run: rundir, log: rundir });
        witnesses.push(`${at} s: load average ${loadavg()[0]?.toFixed(1)}; ${words}`);
      }
    }
    const lost = cuts
      .filter((cut) => cut.at === at)
      .map((cut) => `${cut.class} cut for ${cut.ms.toFixed(0)} ms`);
    log([`${at} s, move ${place.move}, ${place.doing}`, ...lost].join(', '));
    if (isWarm())
      for (const [daemon, sample] of await sampleDaemons(stage, since()))
        samples.set(daemon, [...(samples.get(daemon) ?? []), sample]);
  };
  let wrong: readonly string[] = [];
  let left: readonly string[] = [];
  const check = async () => {
    wrong = await wrongAnswers(stage, history.world, SETTLE_MS);
    for (const service of history.world.services.keys())
      await objects.apply({ do: 'delete service', service });
    for (const pod of history.world.pods.keys()) await objects.apply({ do: 'delete pod', pod, services: [] });
    const end = performance.now() + SETTLE_MS;
    const isNoMemory = (line: string) => !faults.some(({ mayLeave }) => mayLeave?.test(line));
    do left = differences(before, await takeSnapshot(stage)).filter(isNoMemory);
    while (left.length > 0 && performance.now() < end);
  };
  const ended = await endedEarly(place, async () => {
    await stage.traffic.report();
    while (since() < durationMs) await playOne();
    Object.assign(place, { at: Math.round(since() / 1_000), doing: 'the checks at the end' });
    await check();
  });
  const running = await sampleDaemons(stage, since());
  return {
    seed,
    started,
    minutes: Math.round((ended === undefined ? durationMs : since()) / 6_000) / 10,
    moves: place.move,
    faults: counts,
    cuts,
    broken,
    spoiled,
    witnesses,
    growths: [...samples].map(([daemon, own]) => growthOf(daemon, own)),
    absent: absentDaemons(atStart.keys(), running.keys()),
    ended,
    wrong,
    left,
  };
}

function describe(move: Move): string {
  if (move.do === 'fault') return `fault: ${move.fault}`;
  if (move.do === 'put service') return `put ${move.services.map(({ name }) => name).join(', ')}`;
  return `${move.do} ${move.do === 'delete service' ? move.service : move.pod}`;
}
