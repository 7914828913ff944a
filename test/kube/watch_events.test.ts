import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { ApiError } from '../../src/kube/errors.js';
import { watchEvents } from '../../src/kube/watch_events.js';

/** Returns the events that are read from these chunks. */
async function read(chunks: readonly string[], end = true): Promise<unknown[]> {
  const stream = new PassThrough();
  const events: unknown[] = [];
  for (const chunk of chunks) stream.write(chunk);
  if (end) stream.end();
  for await (const event of watchEvents(stream as unknown as IncomingMessage, 'watch of things', 50))
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
    for await (const event of watchEvents(stream as unknown as IncomingMessage, '', 1_000))
      events.push(event);
    t.deepEqual(events, expected);
  }
});

test('empty lines are skipped, and a last line without a line break is not an event', async (t) => {
  t.deepEqual(await read(['\n', line('BOOKMARK', 'a'), ' \n', '{"type":"ADDED"']), [
    { type: 'BOOKMARK', object: { metadata: { name: 'a' } } },
  ]);
});

for (const bad of ['garbage', '7', 'null', '{}', '{"type":"ADDED"}', '{"type":"OTHER","object":{}}'])
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
  t.is(error?.message, 'watch of things: nothing received for 50 ms');
});
