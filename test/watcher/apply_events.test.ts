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
function start(t: { teardown: (stop: () => void) => void }, answers: (number | ApiError | 'created')[] = []) {
  const written: Written[] = [];
  let asked = 0;
  const problems = new Problems(SILENT);
  const writer = new EventWriter({
    api: {
      create: async (path, event) => {
        asked++;
        const answer = answers.shift() ?? 'created';
        if (answer instanceof ApiError) throw answer;
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

test('an Event that the server has already or does not take, and one of a namespace that ends, are no problem', async (t) => {
  const terminated = new ApiError(403, 'POST', '403 … because it is being terminated');
  const { writer, messages, problems } = start(t, [409, 404, 422, terminated]);
  writer.say('a', WEB, ['one', 'two', 'three', 'four', 'five']);
  await until('the fifth', () => when(messages().join() === 'five'));
  t.deepEqual(problems.current, []);
});

test('while the account may write no Events that is a problem, and Events wait; so they do for a server that is away', async (t) => {
  const { writer, messages, problems } = start(t, [403]);
  writer.say('a', WEB, ['one']);
  await until('the problem', () => when(problems.current.length === 1));
  t.is(problems.current[0], 'Events cannot be written: POST: 403; apply packaging/kubernetes/rbac.yaml');
  await until('the Event', () => when(messages().join() === 'one'));
  await until('no problem', () => when(problems.current.length === 0));
  const away = start(t, [0, 503]);
  away.writer.say('a', WEB, ['one']);
  await until('the Event', () => when(away.messages().join() === 'one'));
  t.is(away.asked(), 3);
  t.deepEqual(away.problems.current, []);
});

test('what is no longer true when its turn comes is not said', async (t) => {
  const { writer, messages } = start(t, [503]);
  writer.say('a', WEB, ['one', 'two']);
  writer.say('a', WEB, ['two']);
  await until('the second', () => when(messages().length > 0));
  t.deepEqual(messages(), ['two']);
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
