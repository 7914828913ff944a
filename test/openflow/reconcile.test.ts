import test from 'ava';
import fc from 'fast-check';
import { demuxFlows } from '../../src/demux/table.js';
import { type Bundle, bundleSize, formatBundle } from '../../src/openflow/bundle.js';
import { classIdOf, isOurCookie } from '../../src/openflow/cookie.js';
import type { Flow, InstalledFlow } from '../../src/openflow/flow.js';
import { byKey, diffFlows } from '../../src/openflow/reconcile.js';
import { GATEWAY } from '../demux/sample.js';

const FLOWS = demuxFlows(GATEWAY);

const installed = (flow: Flow): InstalledFlow => ({
  cookie: flow.cookie,
  key: flow.key,
  text: flow.text,
  packets: 1n,
  bytes: 60n,
});

function diff(desired: readonly Flow[], found: readonly InstalledFlow[]): Bundle {
  return diffFlows(byKey(desired), byKey(found));
}

/** Returns the flows of a switch after a bundle. An add replaces by key; a delete needs the same key and cookie. */
function apply(before: readonly InstalledFlow[], bundle: Bundle): InstalledFlow[] {
  const table = new Map(before.map((flow) => [flow.key, flow]));
  for (const { key, cookie } of bundle.remove) if (table.get(key)?.cookie === cookie) table.delete(key);
  for (const flow of bundle.add) table.set(flow.key, installed(flow));
  return [...table.values()];
}

test('nothing is sent if the switch has the desired flows', (t) => {
  t.is(bundleSize(diff(FLOWS, FLOWS.map(installed))), 0);
});

test('one bundle leads from any part of any state to the desired flows', (t) => {
  const other = demuxFlows({ ...GATEWAY, demux: { mode: 'conntrack' }, otherPorts: true });
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.subarray(FLOWS), fc.subarray(other), (some, others) => {
        const before = new Map([...others, ...some].map((flow) => [flow.key, installed(flow)]));
        const after = apply([...before.values()], diff(FLOWS, [...before.values()]));
        return after.length === FLOWS.length && bundleSize(diff(FLOWS, after)) === 0;
      }),
    ),
  );
});

test('a flow whose actions were altered under its own cookie is repaired', (t) => {
  const [first, ...rest] = FLOWS.map(installed);
  if (first === undefined) return t.fail();
  const altered = { ...first, text: `${first.key} actions=drop` };
  const bundle = diff(FLOWS, [altered, ...rest]);
  t.deepEqual(
    bundle.add.map(({ key }) => key),
    [first.key],
  );
  t.is(bundle.remove.length, 0);
});

test('a bundle deletes strictly, by cookie, before it adds', (t) => {
  const stale: InstalledFlow = {
    cookie: 0x6b38090000000001n,
    key: 'table=0,priority=60,tcp',
    text: '',
    packets: 0n,
    bytes: 0n,
  };
  const lines = [...formatBundle(diff(FLOWS.slice(0, 1), [stale]))].join('').trimEnd().split('\n');
  t.is(lines[0], 'delete_strict cookie=0x6b38090000000001/-1,table=0,priority=60,tcp');
  t.regex(lines[1] ?? '', /^add cookie=0x6b380f[0-9a-f]+,table=0,priority=142,.* actions=NORMAL$/);
});

test('every flow has a cookie of ours, and no two flows share a key', (t) => {
  t.true(FLOWS.every(({ cookie }) => isOurCookie(cookie) && classIdOf(cookie) <= 15));
  t.is(new Set(FLOWS.map(({ key }) => key)).size, FLOWS.length);
});
