import test from 'ava';
import { Command } from 'commander';
import { addCaptureOptions, readCaptureOptions } from '../../src/capture/options.js';

function read(...args: readonly string[]) {
  const command = addCaptureOptions(new Command('top').exitOverride(), 'the helper');
  command.configureOutput({ writeErr: () => undefined });
  command.parse(args, { from: 'user' });
  return readCaptureOptions(command.opts());
}

test('without options the ring is used if there is one, and the helper is asked for the state', (t) => {
  t.like(read(), { method: undefined, stateFile: undefined, timeoutMs: 5_000 });
});

test('options choose the method, the state and how long to wait', (t) => {
  t.like(read('--capture=pcap', '--state=x.json', '--db=unix:/y', '--timeout=0.5'), {
    method: 'pcap',
    stateFile: 'x.json',
    db: 'unix:/y',
    timeoutMs: 500,
  });
  t.is(read('--capture=ring').method, 'ring');
  t.throws(() => read('--capture=tap'), { message: /--capture/ });
  t.throws(() => read('--timeout=x'), { code: 'ERR_USAGE' });
});
