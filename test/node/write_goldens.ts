import { writeFileSync } from 'node:fs';
import { GOLDEN_FILE, goldenTable } from './golden.js';

writeFileSync(GOLDEN_FILE, goldenTable());
