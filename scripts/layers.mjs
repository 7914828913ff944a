// Checks the arrows between the folders of src: an import may only lead to a layer further down, and never in a circle.
//   layers.mjs [ROOT]   prints each import that does not, and exits 1 if there is one
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** From the top down. Folders of one layer are peers: none imports another. */
const LAYERS = [
  ['bin'],
  ['doctor', 'audit', 'top', 'restart'],
  ['explain'],
  ['capture'],
  ['gateway', 'watcher', 'node', 'overlay', 'cni', 'nic'],
  ['demux', 'neighbour', 'kube', 'icmp'],
  ['ovn'],
  ['confirm', 'switch'],
  ['host'],
  ['openflow', 'ovsdb'],
  ['daemon'],
  ['native.ts'],
  ['net'],
];

const src = join(process.argv[2] ?? '.', 'src');
const files = readdirSync(src, { recursive: true }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.d.ts'),
);
const imports = new Map(files.map((file) => [file, importsOf(file)]));

const problems = [...wrongArrows(), ...circles()];
for (const problem of problems) console.error(`layers: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function importsOf(file) {
  const text = readFileSync(join(src, file), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)\.js'/g);
  return [...found].map(([, path]) => relative(src, join(src, dirname(file), `${path}.ts`)));
}

function layerOf(file) {
  return LAYERS.findIndex((layer) => layer.includes(folderOf(file)));
}

function folderOf(file) {
  return file.split('/')[0];
}

function wrongArrows() {
  const unknown = files.filter((file) => layerOf(file) === -1).map((file) => `src/${file} is in no layer`);
  const arrows = [...imports].flatMap(([file, targets]) =>
    targets
      .filter(
        (target) =>
          target.startsWith('..') ||
          (folderOf(target) !== folderOf(file) && layerOf(target) <= layerOf(file)),
      )
      .map((target) => `src/${file} imports src/${target}, which is not below it`),
  );
  return [...unknown, ...arrows];
}

/** Each circle once, as the files along it. */
function circles() {
  const found = [];
  const done = new Set();
  const visit = (file, path) => {
    const start = path.indexOf(file);
    if (start !== -1)
      found.push(`circle: ${[...path.slice(start), file].map((one) => `src/${one}`).join(' -> ')}`);
    if (start !== -1 || done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}
