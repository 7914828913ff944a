import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Loop, type LoopOptions, type LoopWork } from '../../src/daemon/loop.js';
import { Problems } from '../../src/daemon/problems.js';

const NEVER_MS = 60_000;

/** A loop whose steps can be awaited one by one: `next` resolves when a step has begun. */
function looping({
  step = async () => {},
  audit = () => {},
  ...options
}: Partial<LoopOptions & LoopWork> = {}) {
  const stop = new AbortController();
  const problems = new Problems(SILENT);
  let begun = () => {};
  const loop = new Loop({
    auditMs: NEVER_MS,
    retry: { firstMs: 1, mostMs: 4 },
    problems,
    ...options,
  });
  const work: LoopWork = {
    audit,
    step: async (signal) => {
      begun();
      await step(signal);
    },
  };
  const running = loop.run(work, stop.signal);
  return {
    loop,
    problems,
    next: () =>
      new Promise<void>((resolve) => {
        begun = resolve;
      }),
    end: async () => {
      stop.abort();
      await running;
    },
  };
}

test('any number of rings before a step cause one step', async (t) => {
  const { loop, next, end } = looping();
  const begun = next();
  for (let i = 0; i < 100; i++) loop.ring();
  await begun;
  await end();
  t.is(loop.totals.steps, 1);
});

test('a ring in the turn of the event loop in which the loop wakes up shares its step', async (t) => {
  const { loop, next, end } = looping();
  const begun = next();
  loop.ring();
  for (let i = 0; i < 10; i++) await Promise.resolve();
  loop.ring();
  await begun;
  for (let i = 0; i < 5; i++) await setImmediate();
  await end();
  t.is(loop.totals.steps, 1);
});

test('a ring during a step causes another step', async (t) => {
  let rings = 0;
  const { loop, next, end } = looping({
    step: async () => {
      if (rings++ === 0) loop.ring();
    },
  });
  const begun = next();
  loop.ring();
  await begun;
  await next();
  await end();
  t.is(loop.totals.steps, 2);
});

test('the time of a step that does not end grows, and is 0 between two steps', async (t) => {
  let finish = () => {};
  const { loop, next, end } = looping({
    step: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  });
  t.is(loop.stepMs, 0);
  const begun = next();
  loop.ring();
  await begun;
  await until('a few milliseconds', () => when(loop.stepMs > 5));
  finish();
  await until('the end of the step', () => when(loop.stepMs === 0));
  await end();
});

test('a failed step is a problem and is retried, and the problem ends with the first success', async (t) => {
  let failures = 3;
  const { loop, problems, next, end } = looping({
    step: async () => {
      if (failures-- > 0) throw new Error('the switch is away');
    },
  });
  const first = next();
  loop.ring();
  await first;
  await next();
  t.deepEqual(problems.current, ['the switch is away']);
  await next();
  await next();
  await end();
  t.deepEqual(problems.current, []);
  t.deepEqual(loop.totals, { steps: 4, failures: 3 });
});

test('a step that ends because the loop is told to end is no failure', async (t) => {
  const { loop, problems, next, end } = looping({
    step: async (signal) => {
      while (signal !== undefined) {
        await setImmediate();
        signal.throwIfAborted();
      }
    },
  });
  const begun = next();
  loop.ring();
  await begun;
  await end();
  t.deepEqual(problems.current, []);
  t.deepEqual(loop.totals, { steps: 1, failures: 0 });
});

test('an audit is followed by a step without a ring', async (t) => {
  const order: string[] = [];
  const { next, end } = looping({
    auditMs: 5,
    audit: () => {
      order.push('audit');
    },
    step: async () => {
      order.push('step');
    },
  });
  await next();
  await end();
  t.deepEqual(order.slice(0, 2), ['audit', 'step']);
});

test('rings do not delay an audit', async (t) => {
  let audits = 0;
  const { loop, next, end } = looping({
    auditMs: 20,
    audit: () => {
      audits++;
    },
    step: async () => loop.ring(),
  });
  const began = performance.now();
  loop.ring();
  while (audits < 2) await next();
  await end();
  t.true(performance.now() - began < NEVER_MS);
  t.is(audits, 2);
});

test('rings do not make failing steps more frequent than ten a second', async (t) => {
  const { loop, end } = looping({
    retry: { firstMs: 1_000 },
    step: async () => {
      throw new Error('the switch refuses');
    },
  });
  const ringing = setInterval(loop.ring, 1);
  const began = performance.now();
  await until('six failures', () => when(loop.totals.failures >= 6));
  clearInterval(ringing);
  await end();
  const took = performance.now() - began;
  t.true(took > 450, `${took} ms`);
  t.true(took < 4_000, `${took} ms: a ring shortens the wait`);
});
