import { readLastLines } from '../../daemon/log_reader.js';
import type { LogError } from './facts.js';

/** How many of a log's last errors are reported. */
const MOST_ERRORS = 3;

/** Reads the last errors of a log; none if there is no log. */
export function readLastErrors(path: string): Promise<LogError[]> {
  return readLastLines(path, ['ERR', 'EMER'], MOST_ERRORS);
}
