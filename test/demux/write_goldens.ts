// Rewrites the golden files from the code as it is: `npm run goldens`. Read the difference before you commit it.
import { writeFileSync } from 'node:fs';
import { formatGolden, GOLDEN_DIRECTORY, GOLDEN_STATES } from './golden.js';

for (const [name, state] of GOLDEN_STATES)
  writeFileSync(new URL(`${name}.flows`, GOLDEN_DIRECTORY), formatGolden(state));
