import test from 'ava';
import { Kept } from '../../src/daemon/kept.js';

test('an equal value is the last object, and another one is kept', (t) => {
  const first = [{ ip: '203.0.113.1' }];
  const kept = new Kept<readonly { readonly ip: string }[]>(first);
  t.is(kept.keep([{ ip: '203.0.113.1' }]), first);
  const second = [{ ip: '203.0.113.2' }];
  t.is(kept.keep(second), second);
  t.is(kept.value, second);
});

test('sets and maps are compared by their elements', (t) => {
  const kept = new Kept<'all' | ReadonlySet<string> | ReadonlyMap<string, string>>('all');
  t.is(kept.keep('all'), 'all');
  const set = new Set(['a', 'b']);
  t.is(kept.keep(set), set);
  t.is(kept.keep(new Set(['b', 'a'])), set);
  const smaller = new Set(['a']);
  t.is(kept.keep(smaller), smaller);
  const map = new Map([['a', '1']]);
  t.is(kept.keep(map), map);
  t.is(kept.keep(new Map([['a', '1']])), map);
  const other = new Map([['a', '2']]);
  t.is(kept.keep(other), other);
});
