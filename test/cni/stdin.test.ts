import { Readable } from 'node:stream';
import test from 'ava';
import { CniError, CODES } from '../../src/cni/errors.js';
import { readAll } from '../../src/cni/stdin.js';

const MAX_BYTES = 1024 * 1024;

test('a character that two chunks share is read whole', async (t) => {
  const bytes = Buffer.from('{"name":"é"}');
  const middle = bytes.indexOf(0xa9);
  t.is(
    await readAll(undefined, () => Readable.from([bytes.subarray(0, middle), bytes.subarray(middle)])),
    '{"name":"é"}',
  );
});

test('an empty input is an empty text', async (t) => {
  t.is(await readAll(undefined, () => Readable.from([])), '');
});

test('one mebibyte is read, and one byte more is refused before the rest is read', async (t) => {
  const half = Buffer.alloc(MAX_BYTES / 2, 'x');
  t.is((await readAll(undefined, () => Readable.from([half, half]))).length, MAX_BYTES);
  let isRead = false;
  async function* endless() {
    yield* [half, half, Buffer.from('x')];
    isRead = true;
  }
  const error = await t.throwsAsync<CniError>(readAll(undefined, endless), {
    instanceOf: CniError,
    message: `the network configuration has more than ${MAX_BYTES} bytes`,
  });
  t.is(error?.number, CODES.undecodable);
  t.false(isRead);
});
