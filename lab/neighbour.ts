import { join } from 'node:path';
import { PROJECT } from './project.js';

/** The command that runs `src/neighbour` inside a namespace: see `neighbour_agent.ts` for its arguments. */
export const NEIGHBOUR_AGENT: readonly string[] = [
  process.execPath,
  `--import=${join(PROJECT, 'node_modules/tsx/dist/esm/index.mjs')}`,
  join(PROJECT, 'lab/neighbour_agent.ts'),
];
