import { mkdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab } from './lab.js';
import { Namespace, type Outcome } from './namespace.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
