import test from 'ava';
import { runOrFail, runProgram } from '../../src/cni/program.js';

test('a program gets its input, and its output is returned', async (t) => {
  t.deepEqual(await runProgram('cat', [], 'one\ntwo\n'), { stdout: 'one\ntwo\n', failure: undefined });
});

test('a program that fails says why on one line', async (t) => {
  const argv = [process.execPath, ['-e', 'console.error("one\\n  two\\n"); process.exit(3)']] as const;
  t.is((await runProgram(...argv)).failure, 'one; two');
  await t.throwsAsync(runOrFail(runProgram, ...argv, 'trying'), {
    code: 'ERR_CNI',
    message: 'trying: one; two',
  });
});

test('a missing program is a failure, not an exception', async (t) => {
  t.regex((await runProgram('/nonexistent/ip', [])).failure ?? '', /ENOENT/);
});

test('a program that ends without reading its input does not throw', async (t) => {
  t.deepEqual(await runProgram('true', [], 'x'.repeat(1_000_000)), { stdout: '', failure: undefined });
});
