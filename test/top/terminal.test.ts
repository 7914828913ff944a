import { EventEmitter } from 'node:events';
import type { ReadStream, WriteStream } from 'node:tty';
import test from 'ava';
import { Screen } from '../../src/top/terminal.js';

/** A terminal that records what is written to it, and the modes that are set. */
function openTerminal() {
  const written: string[] = [];
  const modes: (boolean | 'paused')[] = [];
  const input = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
    pause: () => modes.push('paused'),
  });
  const output = { rows: 24, columns: 80, write: (text: string) => written.push(text) };
  let quits = 0;
  const screen = new Screen(input as unknown as ReadStream, output as unknown as WriteStream, () => {
    quits++;
  });
  return { screen, input, written, modes, quits: () => quits };
}

test('the screen is entered at the start, redrawn from its corner, and left as it was', (t) => {
  const { screen, written, modes } = openTerminal();
  t.deepEqual([screen.rows, screen.columns], [24, 80]);
  screen.draw(['one', 'two']);
  screen.close();
  t.deepEqual(written, [
    '\x1b[?1049h\x1b[?25l',
    '\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J',
    '\x1b[?25h\x1b[?1049l',
  ]);
  t.deepEqual(modes, [true, false, 'paused']);
});

test('q, Q and Ctrl-C quit, other keys do not, and no key does after the end', (t) => {
  const { screen, input, quits } = openTerminal();
  for (const key of ['x', '\x1b[A', ' ']) input.emit('data', Buffer.from(key));
  t.is(quits(), 0);
  for (const key of ['q', 'Q', '\x03']) input.emit('data', Buffer.from(key));
  t.is(quits(), 3);
  screen.close();
  input.emit('data', Buffer.from('q'));
  t.is(quits(), 3);
});
