// Writes the package's man pages, bash completion and files of /etc/default into a folder.
//   main.ts FOLDER DATE     DATE is that of the man pages, as 2026-11-28
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../lab/project.js';
import { VERSION } from '../../src/daemon/version.js';
import { isDaemon, readCommandLines } from './command_table.js';
import { bashCompletion } from './completion.js';
import { defaultsFile } from './defaults.js';
import { manPages } from './pages.js';

const [folder = 'dist-manual', date = new Date().toISOString().slice(0, 10)] = process.argv.slice(2);
const commands = await readCommandLines();

for (const { file, text } of manPages(commands, { version: VERSION, date })) write('man', file, text);
write('completion', 'ovn-k8s-util', bashCompletion([...commands.values()]));
for (const [name, command] of commands) {
  if (!isDaemon(command)) continue;
  const unit = readFileSync(join(PROJECT, 'packaging/systemd', `${name}.service`), 'utf8');
  const given = /^ExecStart=.*$/m.exec(unit)?.[0].match(/--[a-z-]+/g) ?? [];
  const head = readFileSync(join(PROJECT, 'packaging/default', name), 'utf8');
  write('default', name, defaultsFile(command, head, given));
}

function write(part: string, file: string, text: string): void {
  mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, part, file), text);
}
