import test from 'ava';
import fc from 'fast-check';
import { ProductError } from '../../src/net/errors.js';
import { DATABASE_LIMITS, type JsonLimits, JsonSplitter, parseJson } from '../../src/net/json_stream.js';
import { pieces, tricky } from './stream_pieces.js';

const message = fc.record({ id: fc.nat(), params: fc.array(fc.oneof(tricky, fc.jsonValue())), k: tricky });
const spacing = fc.constantFrom('', ' ', '\n', '\r\n\t');

test('messages come out complete and in order, wherever the stream is cut', (t) => {
  const stream = fc.tuple(fc.array(fc.tuple(message, spacing)), fc.array(fc.nat()), fc.boolean());
  fc.assert(
    fc.property(stream, ([messages, cuts, everyByte]) => {
      const texts = messages.map(([value]) => JSON.stringify(value));
      const bytes = Buffer.from(messages.map(([, space], i) => `${space}${texts[i]}`).join(''));
      const splitter = new JsonSplitter();
      const chunks = everyByte ? [...bytes].map((byte) => Buffer.from([byte])) : pieces(bytes, cuts);
      t.deepEqual(
        chunks.flatMap((chunk) => splitter.push(chunk)).map((text) => text.trim()),
        texts,
      );
    }),
  );
});

test('the first byte that is not JSON-RPC is refused, and so is a message that exceeds the limit', (t) => {
  t.throws(() => new JsonSplitter().push(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')), { code: 'ERR_NOT_JSON' });
  t.throws(() => new JsonSplitter().push(Buffer.from('{"a":1}garbage')), { code: 'ERR_NOT_JSON' });
  const splitter = new JsonSplitter({ ...DATABASE_LIMITS, maxBytes: 100 });
  t.deepEqual(splitter.push(Buffer.from('{"a":"')), []);
  t.throws(() => Array.from({ length: 3 }, () => splitter.push(Buffer.alloc(50, 'x'))), {
    code: 'ERR_MESSAGE_TOO_LARGE',
  });
});

test('a message that is not ASCII may have half as many bytes', (t) => {
  const limits = { ...DATABASE_LIMITS, maxBytes: 100 };
  const split = (length: number, last: string) =>
    new JsonSplitter(limits).push(Buffer.from(`["${'x'.repeat(length)}${last}"]`)).length;
  t.is(split(90, 'x'), 1);
  t.is(split(40, '\u4e2d'), 1);
  t.throws(() => split(60, '\u4e2d'), { code: 'ERR_MESSAGE_TOO_LARGE' });
});

test('a message that is nested too deep or has too many values is refused while it arrives', (t) => {
  const refuses = (text: string, limits: Partial<JsonLimits>) =>
    t.throws(() => new JsonSplitter({ ...DATABASE_LIMITS, ...limits }).push(Buffer.from(text)), {
      code: 'ERR_MESSAGE_TOO_LARGE',
    });
  refuses('['.repeat(1_001), {});
  refuses('{"a":'.repeat(1_001), {});
  refuses('[0,0,0,0', { maxCost: 3 });
  for (const part of ['0,', '[],', '{},', '"",', '{"a":0},']) refuses(`[${part.repeat(6_000_000)}`, {});
  const deepest = '['.repeat(1_000) + ']'.repeat(1_000);
  t.deepEqual(new JsonSplitter().push(Buffer.from(deepest)), [deepest]);
});

test('a message that is not UTF-8 is refused', (t) => {
  t.throws(() => new JsonSplitter().push(Buffer.from('7b2261223a22ff227d', 'hex')), { code: 'ERR_NOT_JSON' });
  const splitter = new JsonSplitter();
  t.deepEqual(splitter.push(Buffer.from('{"a":"\u00e9').subarray(0, 7)), []);
  t.throws(() => splitter.push(Buffer.from('"}')), { code: 'ERR_NOT_JSON' });
});

test('whatever octets come, they are split or refused with a typed error', (t) => {
  const limits = { maxBytes: 64, maxDepth: 4, maxCost: 30 };
  const likely = fc.constantFrom(...Buffer.from('{}[]",:\\ 0ntrue'));
  const octets = fc.array(fc.oneof(likely, fc.nat(255)), { maxLength: 200 });
  fc.assert(
    fc.property(octets, fc.array(fc.nat()), (bytes, cuts) => {
      const splitter = new JsonSplitter(limits);
      try {
        for (const piece of pieces(Buffer.from(bytes), cuts)) {
          for (const text of splitter.push(piece)) parseJson(text);
          t.true(splitter.heldBytes <= limits.maxBytes);
        }
      } catch (error) {
        if (!(error instanceof ProductError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
