// Bundles each executable (and the lab's demo and benchmarks) into dist/ with code splitting, so that
// `--help` and a daemon's start load only what they use. Types are checked by `npm run lint`, not here.
import { existsSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { parse } from 'node:path';
import { build } from 'esbuild';

const outdir = process.argv[2] ?? 'dist';
const executables = (await readdir('src/bin')).map((file) => ({
  in: `src/bin/${file}`,
  out: `bin/${parse(file).name}`,
}));
const others = [
  { in: 'lab/demo.ts', out: 'demo' },
  { in: 'bench/run.ts', out: 'bench' },
  { in: 'bench/section_agent.ts', out: 'section_agent' },
  { in: 'bench/lab/neighbour_agent.ts', out: 'neighbour_agent' },
  { in: 'bench/lab/process_agent.ts', out: 'process_agent' },
].filter((entry) => existsSync(entry.in));

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: [...executables, ...others],
  outdir,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['pcap', 'raw-socket'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
for (const { out } of executables) await chmod(`${outdir}/${out}.js`, 0o755);
