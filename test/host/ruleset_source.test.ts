import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { RulesetSource } from '../../src/host/ruleset_source.js';

function begin() {
  const problems = new Problems(SILENT);
  const kernel = { isBroken: false, event: () => {}, calls: 0 };
  const source = new RulesetSource({
    problems,
    changed: () => {
      kernel.calls++;
    },
    watch: (changed) => {
      if (kernel.isBroken) throw new Error('protocol not supported');
      kernel.event = changed;
      return { close: () => {}, unref: () => {} };
    },
  });
  const stop = new AbortController();
  const start = () => source.run(stop.signal);
  return { problems, kernel, start, stop };
}

test('a change is announced at once, and a program that changes rules all the time twice a second', async (t) => {
  const { kernel, start, stop } = begin();
  const running = start();
  const began = performance.now();
  kernel.event();
  await until('the first call', () => when(kernel.calls === 1));
  const flood = setInterval(() => kernel.event(), 1);
  await until('three calls', () => when(kernel.calls === 3));
  clearInterval(flood);
  stop.abort();
  await running;
  t.true(performance.now() - began > 990);
});

test('a kernel that announces no changes is a problem, until it does', async (t) => {
  const { problems, kernel, start, stop } = begin();
  kernel.isBroken = true;
  const running = start();
  await until('the problem', () => when(problems.current.length === 1));
  t.regex(problems.current.join(), /^changes of nftables are not announced: protocol not supported; /);
  kernel.isBroken = false;
  await until('the end of the problem', () => when(problems.current.length === 0));
  kernel.event();
  await until('a call', () => when(kernel.calls === 1));
  stop.abort();
  await running;
});
