import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
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

test('a descriptor is read to its end without the stream', async (t) => {
  const file = join(directory(t), 'input');
  const text = 'x'.repeat(100_000);
  writeFileSync(file, text);
  const descriptor = openSync(file, 'r');
  t.is(await readAll(descriptor, () => t.fail() as never), text);
  closeSync(descriptor);
});

test('a descriptor in non-blocking mode is read as far as it goes, and its stream gives the rest', async (t) => {
  const fifo = join(directory(t), 'fifo');
  execFileSync('mkfifo', [fifo]);
  const descriptor = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  writeSync(descriptor, '{"name":');
  t.is(await readAll(descriptor, () => Readable.from([Buffer.from('"n"}')])), '{"name":"n"}');
  closeSync(descriptor);
});

test('a descriptor with too many bytes is refused', async (t) => {
  const file = join(directory(t), 'input');
  writeFileSync(file, 'x'.repeat(MAX_BYTES + 1));
  const descriptor = openSync(file, 'r');
  await t.throwsAsync(
    readAll(descriptor, () => Readable.from([])),
    { instanceOf: CniError },
  );
  closeSync(descriptor);
});

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'stdin-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}
