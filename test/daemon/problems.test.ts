import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';

function recorded() {
  const lines: string[] = [];
  const log = {
    ...SILENT,
    warn: (line: string) => lines.push(`W ${line}`),
    info: (line: string) => lines.push(`I ${line}`),
  };
  return { lines, problems: new Problems(log) };
}

test('a problem is logged once when it appears and once when it is gone', (t) => {
  const { lines, problems } = recorded();
  problems.set('switch', ['no bridge']);
  problems.set('switch', ['no bridge']);
  problems.set('switch', ['no bridge', 'no port']);
  problems.set('switch', ['no port']);
  problems.set('switch', []);
  problems.set('switch', []);
  t.deepEqual(lines, ['W no bridge', 'W no port', 'I no longer: no bridge', 'I no longer: no port']);
});

test('each owner replaces only its own problems', (t) => {
  const { problems } = recorded();
  problems.set('services', ['b']);
  problems.set('bridge', ['a']);
  problems.set('services', []);
  t.deepEqual(problems.current, ['a']);
});

test('the order of the problems does not depend on which was found first', (t) => {
  const { problems } = recorded();
  problems.set('z', ['3']);
  problems.set('a', ['1', '2']);
  t.deepEqual(problems.current, ['1', '2', '3']);
});

test('a problem with terminal escapes or 256 KB is shown escaped and cut, in the log and in the list', (t) => {
  const { lines, problems } = recorded();
  const hostile = `Pod a/b: \x1b[2J\n\u202e${'z'.repeat(262_144)}; correct it`;
  problems.set('pods', [hostile]);
  problems.set('pods', [hostile]);
  t.regex(problems.current[0] ?? '', /^Pod a\/b: \\u001b\[2J \\u202ez+…z+; correct it$/);
  t.true((problems.current[0] ?? '').length < 300);
  t.deepEqual(lines, [`W ${problems.current[0]}`]);
});
