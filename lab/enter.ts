import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import { executable } from './project.js';

/**
 * Writes a script that runs a command or a shell on a host of a kept lab. The script's path has OVS's tools and the
 * product's executables.
 * @returns the script's file name
 */
export function writeEnterScript(host: Host, executables: readonly string[]): string {
  const bin = join(host.dir, 'bin');
  mkdirSync(bin);
  for (const name of executables) symlinkSync(executable(name), join(bin, name));
  const settings = Object.entries(host.net.env).map(([key, value]) => `${key}=${value}`);
  const script = join(host.dir, 'enter');
  writeFileSync(
    script,
    `#!/bin/sh
[ $# -gt 0 ] || set -- bash
exec ip netns exec ${host.net.name} env ${settings.join(' ')} PATH="${bin}:$PATH" "$@"
`,
    { mode: 0o755 },
  );
  return script;
}
