import { readFileSync } from 'node:fs';
import test from 'ava';
import { bootTime, secondsBetween } from '../../src/host/boot_time.js';

test('the time is that of the kernel since its boot, and runs forward', (t) => {
  const before = bootTime();
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  t.true(uptime - before.seconds > -1 && uptime - before.seconds < 5);
  t.regex(before.boot, /^[0-9a-f-]{36}$/);
  t.true(secondsBetween(before, bootTime()) <= 1);
});

test('time is counted in whole seconds, never backward, and from the boot if the host rebooted', (t) => {
  const at = (boot: string, seconds: number) => ({ boot, seconds });
  t.is(secondsBetween(at('a', 100), at('a', 160)), 60);
  t.is(secondsBetween(at('a', 100), at('a', 90)), 0);
  t.is(secondsBetween(at('a', 9_000), at('b', 30)), 30);
});
