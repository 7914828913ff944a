import { setImmediate as breath } from 'node:timers/promises';
import test from 'ava';
import { aborted } from '../../src/daemon/sleep.js';
import { followSetting } from '../../src/switch/system_settings.js';
import { FakeSettings } from './fake_settings.js';

test('a follower is started again when its setting changes, and only then', async (t) => {
  const settings = new FakeSettings({ remote: 'one', other: '1' });
  const stop = new AbortController();
  const order: string[] = [];
  const following = followSetting(
    settings,
    (ids) => ids.get('remote'),
    async (value, signal) => {
      order.push(`follow ${value}`);
      await aborted(signal);
      order.push(`leave ${value}`);
    },
    stop.signal,
  );
  settings.set({ remote: 'one', other: '2' });
  await breath();
  t.deepEqual(order, ['follow one']);
  settings.set({ remote: 'two' });
  await breath();
  t.deepEqual(order, ['follow one', 'leave one', 'follow two']);
  settings.set({});
  await breath();
  t.deepEqual(order.slice(3), ['leave two', 'follow undefined']);
  stop.abort();
  await following;
  t.is(order.at(-1), 'leave undefined');
  t.is(settings.listening, 0);
});

test('a follower that has returned is started again when its setting changes', async (t) => {
  const settings = new FakeSettings();
  const stop = new AbortController();
  const seen: (string | undefined)[] = [];
  const following = followSetting(
    settings,
    (ids) => ids.get('remote'),
    async (value) => {
      seen.push(value);
    },
    stop.signal,
  );
  await breath();
  t.deepEqual(seen, [undefined]);
  settings.set({ remote: 'one' });
  await breath();
  t.deepEqual(seen, [undefined, 'one']);
  stop.abort();
  await following;
});
