import { type BootTime, bootTime } from '../host/boot_time.js';
import { explainError } from '../net/errors.js';
import { isDue, type Unconfirmed, type UnconfirmedStore } from './unconfirmed.js';

/** How often the keeper looks whether the command was confirmed, and how long it waits after a failure. */
const LOOK_MS = 500;

export interface KeeperOptions {
  /** Runs the inverse command; returns its complaint, or `undefined` if it succeeded. */
  readonly takeBack: (inverse: readonly string[]) => Promise<string | undefined>;
  readonly pause: (ms: number) => Promise<void>;
  readonly log: (line: string) => void;
  readonly now?: () => BootTime;
}

/**
 * Waits until a command is confirmed, or takes it back when its time is over. Tries until that succeeds, since the host
 * may be cut off. The inverse command checks again, under the lock of moves, whether it is still due.
 * @param id the command; without it, whichever is not confirmed
 */
export async function keep(
  store: UnconfirmedStore,
  id: string | undefined,
  { takeBack, pause, log, now = bootTime }: KeeperOptions,
): Promise<void> {
  let lastProblem: string | undefined;
  for (;;) {
    let problem: string | undefined;
    try {
      const one = store.read();
      if (one === undefined || (id !== undefined && one.id !== id)) return;
      if (isDue(one, now())) problem = await takeBackOnce(one, { takeBack, log });
    } catch (error) {
      problem = explainError(error);
    }
    if (problem !== undefined && problem !== lastProblem) log(problem);
    lastProblem = problem ?? lastProblem;
    await pause(LOOK_MS);
  }
}

async function takeBackOnce(
  { command, inverse }: Unconfirmed,
  { takeBack, log }: Pick<KeeperOptions, 'takeBack' | 'log'>,
): Promise<string | undefined> {
  const complaint = await takeBack(inverse);
  if (complaint === undefined) log(`${command} was not confirmed in time, and was taken back`);
  return complaint === undefined ? undefined : `${command} was not confirmed in time: ${complaint}`;
}
