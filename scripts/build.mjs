// Bundles each executable (and the lab's demo and benchmarks) into dist/ with code splitting, so that
// `--help` and a daemon's start load only what they use. Types are checked by `npm run lint`, not here.
import { existsSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { parse } from 'node:path';
import { build } from 'esbuild';

const outdir = process.argv[2] ?? 'dist';
/** The plugin that runtimes run. As one file of CommonJS it loads several times as fast as chunks of modules do. */
const plugin = { in: 'src/bin/ovn_cni.ts', out: 'bin/ovn_cni' };
const executables = (await readdir('src/bin'))
  .map((file) => ({ in: `src/bin/${file}`, out: `bin/${parse(file).name}` }))
  .filter((entry) => entry.in !== plugin.in);
const others = [
  { in: 'lab/demo.ts', out: 'demo' },
  { in: 'bench/run.ts', out: 'bench' },
  { in: 'bench/section_agent.ts', out: 'section_agent' },
  { in: 'bench/lab/neighbour_agent.ts', out: 'neighbour_agent' },
  { in: 'bench/lab/nft_agent.ts', out: 'nft_agent' },
  { in: 'bench/lab/process_agent.ts', out: 'process_agent' },
].filter((entry) => existsSync(entry.in));

await rm(outdir, { recursive: true, force: true });
const options = { outdir, bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };
await build({
  ...options,
  entryPoints: [...executables, ...others],
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  format: 'esm',
  external: ['pcap', 'raw-socket'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
await build({ ...options, entryPoints: [plugin], format: 'cjs', outExtension: { '.js': '.cjs' } });
for (const { out } of executables) await chmod(`${outdir}/${out}.js`, 0o755);
await chmod(`${outdir}/${plugin.out}.cjs`, 0o755);
