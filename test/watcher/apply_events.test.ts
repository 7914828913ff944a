import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { ApiError } from '../../src/kube/errors.js';
import { EventWriter } from '../../src/watcher/apply_events.js';

interface Written {
  readonly path: string;
  readonly event: {
    readonly metadata: { readonly name: string };
    readonly message: string;
    readonly involvedObject: object;
  };
}

/** Runs the writer against a server that answers as `answers` says, in order; then with success. */
function start(t: { teardown: (stop: () => void) => void }, answers: (number | 'created')[] = []) {
  const written: Written[] = [];
  let asked = 0;
  const problems = new Problems(SILENT);
  const writer = new EventWriter({
    api: {
      create: async (path, event) => {
        asked++;
        const answer = answers.shift() ?? 'created';
        if (answer !== 'created') throw new ApiError(answer, 'POST', `${answer}`);
        written.push({ path, event: event as Written['event'] });
      },
    },
    problems,
    now: () => new Date(1_700_000_000_123),
    paceMs: 0,
    random: () => 0,
  });
  const stop = new AbortController();
  void writer.run(stop.signal);
  t.teardown(() => stop.abort());
  const messages = () => written.map(({ event }) => event.message);
  return { writer, written, messages, problems, asked: () => asked };
}

const WEB = { service: 'ns/web', uid: 'u1' };

test('an Event is about the Service, in its namespace, and its name follows from what it says', async (t) => {
  const { writer, written } = start(t);
  writer.say('a', WEB, ['one']);
  await until('the Event', () => when(written.length === 1));
  t.is(written[0]?.path, '/api/v1/namespaces/ns/events');
  t.like(written[0]?.event, {
    involvedObject: { apiVersion: 'v1', kind: 'Service', namespace: 'ns', name: 'web', uid: 'u1' },
    reason: 'PartlyServed',
    type: 'Warning',
    message: 'one',
    firstTimestamp: '2023-11-14T22:13:20Z',
  } as object);
  t.regex(written[0]?.event.metadata.name ?? '', /^web\.[0-9a-f]{16}$/);
});

test('a text is said once while it holds, and again after it did not', async (t) => {
  const { writer, messages } = start(t);
  writer.say('a', WEB, ['one', 'one']);
  writer.say('a', WEB, ['one', 'two']);
  await until('both', () => when(messages().length === 2));
  writer.say('a', WEB, []);
  writer.say('a', WEB, ['one']);
  await until('the first again', () => when(messages().length === 3));
  t.deepEqual(messages(), ['one', 'two', 'one']);
});

test('an Event that the server has already, or whose namespace is gone, is no problem', async (t) => {
  const { writer, messages, problems } = start(t, [409, 404]);
  writer.say('a', WEB, ['one', 'two', 'three']);
  await until('the third', () => when(messages().join() === 'three'));
  t.deepEqual(problems.current, []);
});

test('an Event that is refused is dropped and named until one is written; others wait for a server that is away', async (t) => {
  const { writer, messages, problems, asked } = start(t, [403]);
  writer.say('a', WEB, ['one']);
  await until('the problem', () => when(problems.current.length === 1));
  t.regex(
    problems.current[0] ?? '',
    /^Events cannot be written: POST: 403; apply packaging\/kubernetes\/rbac\.yaml$/,
  );
  t.is(asked(), 1);
  writer.say('a', WEB, ['two']);
  await until('the second', () => when(messages().join() === 'two'));
  t.deepEqual(problems.current, []);
  const away = start(t, [0, 503]);
  away.writer.say('a', WEB, ['one']);
  await until('the Event', () => when(away.messages().join() === 'one'));
  t.is(away.asked(), 3);
  t.deepEqual(away.problems.current, []);
});

test('a service has at most 20 Events at a time, and at most 500 wait', async (t) => {
  const { writer, messages } = start(t);
  const texts = Array.from({ length: 30 }, (_, i) => `text ${i}`);
  for (let i = 0; i < 100; i++) writer.say(`service ${i}`, WEB, texts);
  await until('500 Events', () => when(messages().length >= 500));
  writer.say('last', WEB, ['last']);
  await until('the last', () => when(messages().at(-1) === 'last'));
  t.is(messages().length, 501);
});
