import test from 'ava';
import { type LastStep, Plan, runAll, type Step } from '../../src/nic/plan.js';

const NEVER = new AbortController().signal;

/** What steps did, in order: `+name` for a run, `-name` for an undo. */
class Diary {
  readonly entries: string[] = [];

  step(name: string, { fails = '', undoFails = '' } = {}): Step {
    return {
      name,
      details: [`details of ${name}`],
      run: async () => {
        this.entries.push(`+${name}`);
        if (fails !== '') throw new Error(fails);
      },
      undo: async () => {
        this.entries.push(`-${name}`);
        if (undoFails !== '') throw new Error(undoFails);
      },
    };
  }

  last(name: string, { fails = '', isSeen = true } = {}): LastStep {
    const { run } = this.step(name, { fails });
    return {
      name,
      details: [],
      run,
      confirm: async () => {
        this.entries.push(`?${name}`);
        if (!isSeen) throw new Error('it does not show');
      },
    };
  }
}

function planOf(steps: readonly Step[], last?: LastStep): Plan {
  const plan = new Plan();
  for (const step of steps) plan.add(step);
  if (last !== undefined) plan.end(last);
  return plan;
}

const asMakers = (...plans: readonly Plan[]) => plans.map((plan) => async () => plan);

test('a plan prints its numbered steps with their details, the last step, then its notes', (t) => {
  const diary = new Diary();
  const plan = planOf([diary.step('one'), diary.step('two')], diary.last('end'));
  plan.note('remember');
  t.is(String(plan), '1. one\n     details of one\n2. two\n     details of two\n3. end\nnote: remember\n');
  t.deepEqual(diary.entries, []);
});

test('steps run in order, the last steps of all plans run after all others, then they are confirmed', async (t) => {
  const diary = new Diary();
  const first = planOf([diary.step('a1'), diary.step('a2')], diary.last('a-end'));
  const second = planOf([diary.step('b1')], diary.last('b-end'));
  t.deepEqual(await runAll(asMakers(first, second), NEVER), [first, second]);
  t.deepEqual(diary.entries, ['+a1', '+a2', '+b1', '+a-end', '+b-end', '?a-end', '?b-end']);
});

test('a plan is made only after the plans before it have run', async (t) => {
  const diary = new Diary();
  const make = (name: string) => async () => {
    diary.entries.push(`make ${name}`);
    return planOf([diary.step(name)]);
  };
  await runAll([make('a'), make('b')], NEVER);
  t.deepEqual(diary.entries, ['make a', '+a', 'make b', '+b']);
});

test('a failed step is undone too, then the earlier steps in reverse, in all plans', async (t) => {
  const diary = new Diary();
  const first = planOf([diary.step('a1'), diary.step('a2')], diary.last('a-end'));
  const second = planOf([diary.step('b1'), diary.step('b2', { fails: 'no room' }), diary.step('b3')]);
  await t.throwsAsync(runAll(asMakers(first, second), NEVER), {
    code: 'ERR_STEP_FAILED',
    message: 'step 2, b2, failed: no room; everything is as it was',
  });
  t.deepEqual(diary.entries, ['+a1', '+a2', '+b1', '+b2', '-b2', '-b1', '-a2', '-a1']);
});

test('an undo that fails is named, and the undos before it still run', async (t) => {
  const diary = new Diary();
  const plan = planOf([
    diary.step('one'),
    diary.step('two', { undoFails: 'busy' }),
    diary.step('three', { fails: 'no room', undoFails: 'gone' }),
  ]);
  await t.throwsAsync(runAll(asMakers(plan), NEVER), {
    code: 'ERR_STEP_FAILED',
    message: 'step 3, three, failed: no room; could not undo: three: gone; two: busy',
  });
  t.deepEqual(diary.entries, ['+one', '+two', '+three', '-three', '-two', '-one']);
});

test('a step without an undo is passed over', async (t) => {
  const diary = new Diary();
  const { undo: _, ...question } = diary.step('question');
  const plan = planOf([diary.step('one'), question, diary.step('three', { fails: 'no room' })]);
  await t.throwsAsync(runAll(asMakers(plan), NEVER), { message: /everything is as it was$/ });
  t.deepEqual(diary.entries, ['+one', '+question', '+three', '-three', '-one']);
});

test('if the plan of a later NIC cannot be made, the plans that have run are undone', async (t) => {
  const diary = new Diary();
  const makers = [
    ...asMakers(planOf([diary.step('a1')])),
    async () => {
      throw new Error('there is no interface eth1');
    },
  ];
  await t.throwsAsync(runAll(makers, NEVER), {
    message: 'there is no interface eth1; everything is as it was',
  });
  t.deepEqual(diary.entries, ['+a1', '-a1']);
});

test('a last step that fails has all its steps undone', async (t) => {
  const diary = new Diary();
  const plan = planOf([diary.step('one')], diary.last('end', { fails: 'refused' }));
  await t.throwsAsync(runAll(asMakers(plan), NEVER), {
    message: 'step 2, end, failed: refused; everything is as it was',
  });
  t.deepEqual(diary.entries, ['+one', '+end', '-one']);
});

test('once its last step has run a plan is final, and only the others are undone', async (t) => {
  const diary = new Diary();
  const first = planOf([diary.step('a1')], diary.last('a-end'));
  const second = planOf([diary.step('b1')], diary.last('b-end', { fails: 'refused' }));
  await t.throwsAsync(runAll(asMakers(first, second), NEVER), { code: 'ERR_STEP_FAILED' });
  t.deepEqual(diary.entries, ['+a1', '+b1', '+a-end', '+b-end', '-b1']);
});

test('a last step whose effect does not show is done and not undone', async (t) => {
  const diary = new Diary();
  const plan = planOf([diary.step('one')], diary.last('end', { isSeen: false }));
  await t.throwsAsync(runAll(asMakers(plan), NEVER), {
    code: 'ERR_NOT_CONFIRMED',
    message: 'end: done, but it does not show',
  });
  t.deepEqual(diary.entries, ['+one', '+end', '?end']);
});

for (const killPoint of [0, 1, 2]) {
  test(`a signal before step ${killPoint + 1} undoes the steps before it and runs none after it`, async (t) => {
    const diary = new Diary();
    const stop = new AbortController();
    const names = ['one', 'two', 'three'];
    const steps = names.map((name, index) => {
      const step = diary.step(name);
      const run = async () => {
        await step.run();
        if (index === killPoint - 1) stop.abort('SIGTERM');
      };
      return { ...step, run };
    });
    if (killPoint === 0) stop.abort('SIGTERM');
    await t.throwsAsync(runAll(asMakers(planOf(steps)), stop.signal), {
      code: 'ERR_STEP_FAILED',
      message: `step ${killPoint + 1}, ${names[killPoint]}, failed: cancelled by SIGTERM; everything is as it was`,
    });
    const done = names.slice(0, killPoint);
    t.deepEqual(diary.entries, [
      ...done.map((name) => `+${name}`),
      ...done.toReversed().map((name) => `-${name}`),
    ]);
  });
}

test('a signal during the last step does not undo it', async (t) => {
  const diary = new Diary();
  const stop = new AbortController();
  const last = diary.last('end');
  const plan = planOf([diary.step('one')], {
    ...last,
    run: async () => {
      stop.abort('SIGINT');
      await last.run();
    },
  });
  await runAll(asMakers(plan), stop.signal);
  t.deepEqual(diary.entries, ['+one', '+end', '?end']);
});
