import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { readAddresses } from '../../src/host/addresses.js';
import { ADDRESS_EVENTS, KernelSource } from '../../src/host/kernel_source.js';

function begin(read: () => ReturnType<typeof readAddresses>, readsAtOnce = false) {
  const problems = new Problems(SILENT);
  let rings = 0;
  const source = new KernelSource({
    ...{ name: 'addresses', groups: ADDRESS_EVENTS },
    read,
    readsAtOnce,
    problems,
    changed: () => {
      rings++;
    },
    againMs: { quiet: 5, busy: 1, failed: 5 },
  });
  return { source, problems, rings: () => rings };
}

test('the addresses of a device are read from the kernel on demand', async (t) => {
  const { source, rings } = begin(() => readAddresses('lo'));
  t.is(source.value, undefined);
  await source.read();
  t.true(source.value?.some(({ address }) => String(address) === '127.0.0.1'));
  t.is(rings(), 1);
});

test('a read that fails at the start is an exception', async (t) => {
  const { source } = begin(async () => {
    throw new Error('there is no ip');
  });
  await t.throwsAsync(source.read(), { message: 'there is no ip' });
});

test('a read that fails later is a problem while the last addresses stay, and is tried again', async (t) => {
  const found = [] as Awaited<ReturnType<typeof readAddresses>>;
  let isBroken = true;
  const { source, problems } = begin(async () => {
    if (isBroken) throw new Error('there is no ip');
    return found;
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  await until('the problem', () => when(problems.current.join() === 'there is no ip'));
  isBroken = false;
  await until('the end of the problem', () => when(problems.current.length === 0));
  t.is(source.value, found);
  stop.abort();
  await running;
});

test('facts that cannot be read at the start stay unknown, are a problem, and are known by the next good read', async (t) => {
  const found = [] as Awaited<ReturnType<typeof readAddresses>>;
  let isBroken = true;
  const { source, problems, rings } = begin(async () => {
    if (isBroken) throw new Error('ip route: Cannot open netlink socket');
    return found;
  }, true);
  const stop = new AbortController();
  const running = source.run(stop.signal);
  await until('the problem', () => when(problems.current.join() === 'ip route: Cannot open netlink socket'));
  t.is(source.value, undefined);
  t.is(rings(), 0);
  isBroken = false;
  await until('the facts', () => when(source.value === found));
  t.deepEqual(problems.current, []);
  t.is(rings(), 1);
  stop.abort();
  await running;
});

test('equal facts are the same object, and ring nobody', async (t) => {
  const { source, rings } = begin(() => readAddresses('lo'));
  await source.read();
  const { value } = source;
  await source.read();
  t.is(source.value, value);
  t.is(rings(), 1);
});

test('a flood of events, as a router can cause with advertisements, causes fewer and fewer reads', async (t) => {
  let reads = 0;
  let event = () => {};
  const source = new KernelSource({
    ...{ name: 'addresses', groups: ADDRESS_EVENTS },
    problems: new Problems(SILENT),
    changed: () => {},
    read: async () => {
      reads++;
      return [];
    },
    watch: (_groups, changed) => {
      event = changed;
      return { close: () => {}, unref: () => {} };
    },
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  const flood = setInterval(event, 1);
  const began = performance.now();
  await until('six reads', () => when(reads >= 6));
  clearInterval(flood);
  stop.abort();
  await running;
  t.true(performance.now() - began > 2_300, 'after 100, 200, 400, 800 and 1,000 ms');
});

test('a reading that takes long, as among a million routes, leaves most of the time to others', async (t) => {
  let reading = 0;
  let reads = 0;
  let share = 1;
  let event = () => {};
  const source = new KernelSource({
    ...{ name: 'routes', groups: ADDRESS_EVENTS },
    problems: new Problems(SILENT),
    changed: () => {},
    read: async () => {
      const readAt = performance.now();
      share = reading / (readAt - began);
      await new Promise((resolve) => setTimeout(resolve, 20));
      reading += performance.now() - readAt;
      reads++;
    },
    watch: (_groups, changed) => {
      event = changed;
      return { close: () => {}, unref: () => {} };
    },
    againMs: { quiet: 1_000, busy: 1, failed: 5 },
  });
  const stop = new AbortController();
  const began = performance.now();
  const running = source.run(stop.signal);
  const flood = setInterval(event, 1);
  await until('five reads', () => when(reads >= 5));
  clearInterval(flood);
  stop.abort();
  await running;
  t.true(share < 1 / 5, `readings took ${share.toFixed(2)} of the time until the last`);
});

test('a reading that took an hour, as in a process that was stopped, is soon followed by another', async (t) => {
  let reads = 0;
  let clock = 0;
  const source = new KernelSource({
    ...{ name: 'addresses', groups: ADDRESS_EVENTS, readsAtOnce: true },
    problems: new Problems(SILENT),
    changed: () => {},
    read: async () => {
      reads++;
      clock += 3_600_000;
    },
    watch: () => ({ close: () => {}, unref: () => {} }),
    againMs: { quiet: 1, busy: 1, most: 20 },
    now: () => clock,
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  await until('the second read', () => when(reads >= 2));
  stop.abort();
  await running;
  t.pass();
});
