// Bundles each executable (and the lab's demo and benchmarks) into dist/ with code splitting, so that
// `--help` and a daemon's start load only what they use. Types are checked by `npm run lint`, not here.
//   build.mjs [FOLDER]     dist when none is given
// FOLDER/bundled-packages.txt has the licences of the npm packages in the bundles.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
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
const options = {
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  metafile: true,
  logLevel: 'warning',
};
const modules = await build({
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
const single = await build({
  ...options,
  entryPoints: [plugin],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // CommonJS has no import.meta.
  define: { 'import.meta.url': '__url' },
  banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" },
});
for (const { out } of executables) await chmod(`${outdir}/${out}.js`, 0o755);
await chmod(`${outdir}/${plugin.out}.cjs`, 0o755);
await writeFile(
  `${outdir}/bundled-packages.txt`,
  licencesOf([modules, single].flatMap(({ metafile }) => Object.keys(metafile.inputs))),
);

/** Writes name, version and licence of each npm package that one of the files belongs to. */
function licencesOf(files) {
  const folders = files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(folders)]
    .toSorted()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
      const text = texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
      return `== ${name} ${version}: ${license}\n\n${text}\n`;
    })
    .join('\n');
}
