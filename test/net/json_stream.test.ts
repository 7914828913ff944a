import test from 'ava';
import fc from 'fast-check';
import { JsonSplitter } from '../../src/net/json_stream.js';
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
  const splitter = new JsonSplitter(100);
  t.deepEqual(splitter.push(Buffer.from('{"a":"')), []);
  t.throws(() => Array.from({ length: 3 }, () => splitter.push(Buffer.alloc(50, 'x'))), {
    code: 'ERR_MESSAGE_TOO_LARGE',
  });
});
