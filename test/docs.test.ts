import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'ava';
import { PROJECT } from '../lab/project.js';

interface Link {
  readonly page: string;
  /** Relative to the project's folder. */
  readonly file: string;
  readonly heading: string | undefined;
}

const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docsPages()];

test('each page of docs/ is at most two clicks from README', (t) => {
  const first = targetsOf('README.md');
  const second = first.filter((file) => file.endsWith('.md')).flatMap(targetsOf);
  const reached = new Set([...first, ...second]);
  t.deepEqual(
    PAGES.filter((page) => page !== 'README.md' && !reached.has(page)),
    [],
  );
});

test('each relative link of a page leads to a file, and to a heading of it', (t) => {
  const links = PAGES.flatMap(linksOf);
  t.true(links.length > 20, `${links.length} links`);
  t.deepEqual(
    links
      .filter((link) => !isGood(link))
      .map(({ page, file, heading }) => `${page}: ${file}#${heading ?? ''}`),
    [],
  );
});

for (const [page, end] of [
  ['docs/security.md', '## Not protected'],
  ['docs/services.md', undefined],
] as const)
  test(`each row of the tables of ${page} names a test that exists`, (t) => {
    const [tested = ''] = end === undefined ? [textOf(page)] : textOf(page).split(end);
    const rows = tested
      .split('\n')
      .filter((line) => line.startsWith('|') && !/^\| (Attack|Field|Limit|-+) /.test(line));
    t.true(rows.length > 20, `${rows.length} rows`);
    t.deepEqual(
      rows.filter((row) => !namesATest(row)),
      [],
    );
  });

/** The fields of the API's types (Kubernetes 1.34, "Service" and "EndpointSlice"). */
const SERVICE_FIELDS = `allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName
  externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass
  loadBalancerIP loadBalancerSourceRanges publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig
  trafficDistribution type appProtocol name nodePort port protocol targetPort conditions hostname ip ipMode ports
  addressType addresses ready serving terminating deprecatedTopology forNodes forZones nodeName targetRef zone`;

test('docs/services.md has every field of Services and EndpointSlices', (t) => {
  const words = new Set(
    [...textOf('docs/services.md').matchAll(/`([^`]*)`/g)].flatMap(([, code = '']) =>
      code.split(/[^a-zA-Z]+/),
    ),
  );
  t.deepEqual(
    SERVICE_FIELDS.split(/\s+/).filter((field) => !words.has(field)),
    [],
  );
});

test('CONTRIBUTING has a line for each folder of src', (t) => {
  const folders = readdirSync(join(PROJECT, 'src'), { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  const text = textOf('CONTRIBUTING.md');
  t.deepEqual(
    folders.map(({ name }) => name).filter((name) => !text.includes(`| \`src/${name}\``)),
    [],
  );
});

/** Returns whether the last cell of a row is `[title](../test/FILE)`, and the file has a test of that title. */
function namesATest(row: string): boolean {
  const [, title, file] = /\| \[([^\]]+)\]\(\.\.\/(test\/[^)]+)\) +\|$/.exec(row) ?? [];
  if (title === undefined || file === undefined || !existsSync(join(PROJECT, file))) return false;
  return unquoted(textOf(file)).includes(unquoted(title));
}

/** Removes what the quoting of a title in Markdown or TypeScript adds. */
function unquoted(text: string): string {
  return text.replaceAll(/[`\\]/g, '');
}

function docsPages(): string[] {
  return readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file));
}

function targetsOf(page: string): string[] {
  return linksOf(page).map(({ file }) => file);
}

function linksOf(page: string): Link[] {
  return [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', heading] = target.split('#');
      const file = path === '' ? page : relative(PROJECT, join(PROJECT, dirname(page), path));
      return { page, file, heading };
    });
}

function isGood({ file, heading }: Link): boolean {
  if (!existsSync(join(PROJECT, file))) return false;
  return heading === undefined || headingsOf(file).includes(heading);
}

/** Returns the anchors of a page's headings as GitHub makes them. */
function headingsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function textOf(page: string): string {
  return readFileSync(join(PROJECT, page), 'utf8');
}
