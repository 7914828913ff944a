import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runIp, runIpBatch } from '../../src/host/iproute_write.js';

test('a change that fails is an error with the command and its reason', async (t) => {
  await t.throwsAsync(runIp('link', 'set', 'none9', 'up'), {
    code: 'ERR_IP',
    message: /^ip link set none9 up: .*none9/,
  });
});

test('a batch that fails names the file and the line', async (t) => {
  const file = batch(t, ['link show dev lo', 'link show dev none8', 'link show dev none9']);
  const error = await t.throwsAsync(runIpBatch(file), { code: 'ERR_IP' });
  t.true(error?.message.startsWith(`ip -batch ${file}: `), error?.message);
  t.regex(error?.message ?? '', /none8/);
  t.notRegex(error?.message ?? '', /none9/);
});

test('a forced batch continues after a line that fails, and reports each failure', async (t) => {
  const file = batch(t, ['link show dev none8', 'link show dev lo', 'link show dev none9']);
  await t.throwsAsync(runIpBatch(file, { force: true }), { code: 'ERR_IP', message: /none8.*none9/ });
});

test('a batch without a line that fails succeeds, in either family', async (t) => {
  const file = batch(t, ['link show dev lo']);
  await t.notThrowsAsync(runIpBatch(file));
  await t.notThrowsAsync(runIpBatch(file, { family: 6 }));
});

function batch(t: ExecutionContext, lines: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'batch-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'lines');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}
