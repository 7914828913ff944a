import test from 'ava';
import { until, when } from '../../lab/until.js';
import { ReadyProcess } from '../../src/openflow/ready_process.js';

/** A program that prints its input and its pid, and one that never ends by itself. */
const ECHO = [
  process.execPath,
  '-e',
  'process.stdin.on("end", () => console.log(process.pid)).pipe(process.stdout)',
] as const;
const LINGER = [process.execPath, '-e', 'setInterval(() => {}, 1000)'] as const;
const TIMEOUT = 10_000;

function ready(argv: readonly [string, ...string[]], timeoutMs = TIMEOUT) {
  const stop = new AbortController();
  return { process: new ReadyProcess(argv, timeoutMs), stop };
}

test('the waiting process gets the input, and another one waits after it', async (t) => {
  const { process: each, stop } = ready(ECHO);
  each.keepReady(stop.signal);
  const first = each.waitingPid;
  const outcome = await each.run(['one\n']);
  t.is(outcome !== 'late' && outcome.stdout, `one\n${first}`);
  const second = await until('another process to wait', () => each.waitingPid);
  t.not(second, first);
  stop.abort();
  await until('no process to wait', () => when(each.waitingPid === undefined));
});

test('a process that was killed while it waited gets no input', async (t) => {
  const { process: each, stop } = ready(ECHO);
  each.keepReady(stop.signal);
  const { waitingPid } = each;
  if (waitingPid === undefined) return t.fail('no process waits');
  process.kill(waitingPid, 'SIGKILL');
  await until('the killed process to go', () => when(each.waitingPid !== waitingPid));
  const outcome = await each.run(['one\n']);
  t.regex(outcome === 'late' ? outcome : (outcome.stdout ?? ''), /^one\n\d+$/);
  stop.abort();
});

test('input after the abort goes to a new process, not to one that is ending', async (t) => {
  const { process: each, stop } = ready(ECHO);
  each.keepReady(stop.signal);
  stop.abort();
  const outcome = await each.run(['one\n']);
  t.regex(outcome === 'late' ? outcome : (outcome.stdout ?? ''), /^one\n\d+$/);
});

test('a failure is an outcome, and a process that takes too long is killed and reported late', async (t) => {
  const failed = await ready([process.execPath, '-e', 'process.exit(3)']).process.run([]);
  t.is(failed !== 'late' && failed.exitCode, 3);
  t.is(await ready(LINGER, 100).process.run(['one\n']), 'late');
});

test('a large input is written as fast as it is read, and a process that ends early ends the run', async (t) => {
  const pieces = Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(10_000)}\n`);
  const whole = await ready(ECHO).process.run(pieces);
  t.is(whole !== 'late' && whole.stdout?.startsWith(pieces.join('')), true);
  const early = await ready([process.execPath, '-e', 'process.exit(4)']).process.run(pieces);
  t.is(early !== 'late' && early.exitCode, 4);
});

test('an input that follows at once goes to the second waiting process, later ones to a third and a fourth', async (t) => {
  const { process: each, stop } = ready(ECHO);
  each.keepReady(stop.signal);
  const pids = new Set<number>();
  for (let round = 0; round < 2; round++) {
    await until('a process to wait', () => each.waitingPid);
    for (let run = 0; run < 2; run++) {
      const { waitingPid } = each;
      t.not(waitingPid, undefined);
      const outcome = await each.run(['one\n']);
      t.is(outcome !== 'late' && outcome.stdout, `one\n${waitingPid}`);
      if (waitingPid !== undefined) pids.add(waitingPid);
    }
  }
  t.is(pids.size, 4);
  stop.abort();
});
