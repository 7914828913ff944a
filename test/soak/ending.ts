import { explainError } from '../../src/net/errors.js';

/** Where a soak is. */
export interface Place {
  /** Seconds since the soak began. */
  at: number;
  /** The number of the move, from 1. */
  move: number;
  doing: string;
}

/** Runs some work of a soak. Returns the place and the reason if it fails, so that there is a report of what was before. */
export async function endedEarly(place: Place, work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const { at, move, doing } = place;
    return `${at} s, move ${move}, ${doing}: ${explainError(error).split('\n').filter(Boolean).join(' / ')}`;
  }
}
