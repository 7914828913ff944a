import { spawnSync } from 'node:child_process';
import test from 'ava';
import { failureLine } from '../../lab/failure.js';
import { PROJECT } from '../../lab/project.js';

const CASES: readonly (readonly [string, unknown, boolean, string])[] = [
  ['any error', new Error('no answer'), true, 'no answer; look at the logs'],
  [
    'a cause',
    new Error('no answer', { cause: new Error('reset') }),
    true,
    'no answer: reset; look at the logs',
  ],
  [
    'a command that failed, with the first line that it printed',
    new Error('Command failed with exit code 1: ovs-vsctl add-br br\n\novs-vsctl: no database\nusage: …'),
    true,
    'Command failed with exit code 1: ovs-vsctl add-br br: ovs-vsctl: no database; look at the logs',
  ],
  [
    'a program that is missing',
    new Error('Command failed with ENOENT: ip netns add lab\nspawn ip ENOENT'),
    true,
    'Command failed with ENOENT: ip netns add lab: spawn ip ENOENT; sudo scripts/setup installs what is missing',
  ],
  [
    'a user who is not root',
    new Error('Operation not permitted'),
    false,
    'Operation not permitted; network namespaces need root: run this with sudo',
  ],
];

for (const [name, error, isRoot, line] of CASES) {
  test(`a failure is printed on one line with its remedy: ${name}`, (t) => {
    t.is(failureLine(error, 'look at the logs', isRoot), line);
  });
}

for (const [how, fail] of [
  ['thrown', `throw new Error('gone');`],
  ['thrown by a timer', `setTimeout(() => { throw new Error('gone'); });`],
  ['a promise that nobody waits for', `void Promise.reject(new Error('gone'));`],
  ['awaited at the top', `await Promise.reject(new Error('gone'));`],
]) {
  test(`a program ends with one line and no stack trace: ${how}`, (t) => {
    const script = `import { failInOneLine } from './lab/failure.js'; failInOneLine('demo', 'look'); ${fail}`;
    const args = ['--import=tsx', '--input-type=module', '-e', script];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: PROJECT, encoding: 'utf8' });
    t.is(status, 1);
    t.regex(stderr, /^demo: gone; .+\n$/);
  });
}
