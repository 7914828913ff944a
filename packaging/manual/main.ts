// Writes the package's man pages and bash completion into a folder.
//   main.ts FOLDER DATE     DATE is that of the man pages, as 2026-11-28
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../src/daemon/version.js';
import { readCommandLines } from './command_table.js';
import { bashCompletion } from './completion.js';
import { manPages } from './pages.js';

const [folder = 'dist-manual', date = new Date().toISOString().slice(0, 10)] = process.argv.slice(2);
const commands = await readCommandLines();

for (const { file, text } of manPages(commands, { version: VERSION, date })) write('man', file, text);
write('completion', 'ovn-k8s-util', bashCompletion([...commands.values()]));

function write(part: string, file: string, text: string): void {
  mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, part, file), text);
}
