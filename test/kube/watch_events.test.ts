import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { ApiError } from '../../src/kube/errors.js';
import { fields, text } from '../../src/kube/shape.js';
import { watchEvents } from '../../src/kube/watch_events.js';

const THING = fields({ metadata: fields({ name: text, namespace: text, resourceVersion: text }) });

/** Returns the events that are read from these chunks. */
async function read(chunks: readonly string[], end = true): Promise<unknown[]> {
  const stream = new PassThrough();
  const events: unknown[] = [];
  for (const chunk of chunks) stream.write(chunk);
  if (end) stream.end();
  for await (const event of watchEvents(stream as unknown as IncomingMessage, 'watch of things', THING, 50))
    events.push(event);
  return events;
}

const line = (type: string, name: string) => `${JSON.stringify({ type, object: { metadata: { name } } })}\n`;

test('events are read line by line, however the connection cuts them', async (t) => {
  const text = line('ADDED', 'ä') + line('DELETED', 'b');
  const bytes = Buffer.from(text);
  const expected = [
    { type: 'ADDED', object: { metadata: { name: 'ä' } } },
    { type: 'DELETED', object: { metadata: { name: 'b' } } },
  ];
  t.deepEqual(await read([text]), expected);
  for (let at = 1; at < bytes.length; at++) {
    const stream = new PassThrough();
    stream.write(bytes.subarray(0, at));
    stream.end(bytes.subarray(at));
    const events: unknown[] = [];
    for await (const event of watchEvents(stream as unknown as IncomingMessage, '', THING, 1_000))
      events.push(event);
    t.deepEqual(events, expected);
  }
});

test('empty lines are skipped, and a last line without a line break is not an event', async (t) => {
  t.deepEqual(await read(['\n', line('ADDED', 'a'), ' \n', '{"type":"ADDED"']), [
    { type: 'ADDED', object: { metadata: { name: 'a' } } },
  ]);
});

const BAD = [
  ...[
    'garbage',
    '7',
    'null',
    '{}',
    '[]',
    '{"type":"ADDED"}',
    '{"type":"OTHER","object":{"metadata":{"name":"a"}}}',
  ],
  ...['{}', '{"metadata":null}', '{"metadata":{}}', '{"metadata":{"name":7}}', '[]', 'null'].map(
    (object) => `{"type":"ADDED","object":${object}}`,
  ),
  '{"type":"BOOKMARK","object":{"metadata":{}}}',
];
for (const bad of BAD)
  test(`a line that is not an event ends the watch: ${bad}`, async (t) => {
    const error = await t.throwsAsync(read([`${bad}\n`, line('ADDED', 'a')]));
    t.true(error instanceof ApiError && error.status === 0);
    t.regex(error?.message ?? '', /^watch of things: a line of the watch is not (JSON|an event)/);
  });

test('an ERROR event is an error with its code and message', async (t) => {
  const event = { type: 'ERROR', object: { code: 410, message: 'too old resource version' } };
  const error = await t.throwsAsync(read([`${JSON.stringify(event)}\n`]));
  t.true(error instanceof ApiError && error.isGone);
  t.is(error?.message, 'watch of things: too old resource version');
});

test('a watch that is silent for too long is an error', async (t) => {
  const error = await t.throwsAsync(read([line('ADDED', 'a')], false));
  t.true(error instanceof ApiError && error.status === 0);
  t.is(error?.message, 'watch of things: no event received for 50 ms');
});

test('a line that arrives octet by octet, or only line breaks, do not count as an event', async (t) => {
  for (const text of [line('ADDED', 'a'.repeat(250)), '\n'.repeat(300)]) {
    const stream = new PassThrough();
    const bytes = [...Buffer.from(text)];
    const timer = setInterval(() => stream.write(Buffer.of(bytes.shift() ?? 10)), 5);
    const reading = (async () => {
      for await (const event of watchEvents(stream as unknown as IncomingMessage, 'watch', THING, 200))
        t.fail(JSON.stringify(event));
    })();
    await t.throwsAsync(reading, { message: 'watch: no event received for 200 ms' });
    clearInterval(timer);
  }
});

for (const [name, text, why] of [
  ['too long', 'x'.repeat(5 * 1024 * 1024), /a line has more than 4194304 bytes$/],
  ['too deep', '['.repeat(100_000), /a line nests more than 100 levels$/],
] as const)
  test(`a line that is ${name} ends the watch before the line ends`, async (t) => {
    const error = await t.throwsAsync(read([text], false));
    t.like(error, { code: 'ERR_API_LIMIT' });
    t.regex(error?.message ?? '', why);
  });

test('whatever a watch sends is an event or a typed error', async (t) => {
  const lines = fc.array(
    fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc.string(),
      fc
        .record({ type: fc.constantFrom('ADDED', 'ERROR', 'BOOKMARK', 'x', 7), object: fc.jsonValue() })
        .map((one) => JSON.stringify(one)),
    ),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(lines, async (texts) => {
      try {
        for (const event of await read(texts.map((text) => `${text}\n`)))
          t.regex((event as { type: string }).type, /^(ADDED|MODIFIED|DELETED|BOOKMARK)$/);
      } catch (error) {
        t.true(error instanceof ApiError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
