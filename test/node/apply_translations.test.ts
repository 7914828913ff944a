import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import type { Target } from '../../src/host/conntrack.js';
import type { Family } from '../../src/net/ip.js';
import { parseIp } from '../../src/net/ip.js';
import { TranslatedUdp } from '../../src/node/apply_translations.js';
import type { Sets } from '../../src/node/desired_sets.js';

/** The host's entries, and which were deleted. */
class FakeConntrack {
  readonly deleted: string[] = [];
  failing: Error | undefined;
  runs = 0;
  constructor(private readonly entries: readonly Target[]) {}

  async targets(family: Family, isWanted: (target: Target) => boolean): Promise<readonly Target[]> {
    this.runs++;
    if (this.failing !== undefined) throw this.failing;
    return this.entries.filter(({ address }) => address.includes(':') === (family === 6)).filter(isWanted);
  }

  async delete(_family: Family, { address, port }: Target): Promise<void> {
    this.deleted.push(`${address} ${port}`);
  }
}

const target = (address: string, port: number): Target => ({ address: parseIp(address), port });
const ENTRIES = [
  target('203.0.113.10', 30_053),
  target('203.0.113.10', 30_054),
  target('198.51.100.9', 30_053),
  target('203.0.113.80', 53),
  target('2001:db8::10', 30_053),
];
const SETS: Sets = new Map([
  ['own4', new Map([['203.0.113.10', '']])],
  ['own6', new Map([['2001:db8::10', '']])],
  ['node_port4', new Map([['udp 30053', '10.96.0.10 53']])],
]);

function begin() {
  const kernel = new FakeConntrack(ENTRIES);
  const problems = new Problems(SILENT);
  return { kernel, problems, translated: new TranslatedUdp(problems, kernel) };
}

test('a node port that comes or goes ends the UDP conversations with it at addresses of nodes, and no others', async (t) => {
  const { kernel, translated } = begin();
  await translated.end([{ set: 'node_port4', key: 'udp 30053' }], SETS);
  t.deepEqual(kernel.deleted, ['203.0.113.10 30053', '2001:db8::10 30053']);
});

test('an external address that comes or goes ends the UDP conversations with its port', async (t) => {
  const { kernel, translated } = begin();
  await translated.end([{ set: 'external4', key: '203.0.113.80 udp 53' }], SETS);
  t.deepEqual(kernel.deleted, ['203.0.113.80 53']);
});

test('an address of a node that comes or goes ends those with its translated ports', async (t) => {
  const { kernel, translated } = begin();
  await translated.end([{ set: 'answering4', key: '203.0.113.10' }], SETS);
  t.deepEqual(kernel.deleted, ['203.0.113.10 30053']);
});

test('nothing is looked at for TCP, for source ranges and for addresses without a port', async (t) => {
  const { kernel, translated } = begin();
  await translated.end([{ set: 'node_port4', key: 'tcp 30053' }], SETS);
  await translated.end([{ set: 'allowed_port4', key: '192.0.2.0/24 udp 30053' }], SETS);
  await translated.end([{ set: 'own4', key: '203.0.113.10' }], new Map());
  t.is(kernel.runs, 0);
});

test('what could not be deleted is a problem once, and is deleted later', async (t) => {
  const { kernel, problems, translated } = begin();
  kernel.failing = new Error('there is no conntrack; install the package conntrack');
  await translated.end([{ set: 'external4', key: '203.0.113.80 udp 53' }], SETS);
  t.deepEqual(problems.current, [kernel.failing.message]);
  kernel.failing = undefined;
  await translated.end([], SETS);
  t.deepEqual(kernel.deleted, ['203.0.113.80 53']);
  t.deepEqual(problems.current, []);
  await translated.end([], SETS);
  t.is(kernel.deleted.length, 1);
});
