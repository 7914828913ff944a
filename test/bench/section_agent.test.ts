import { spawnSync } from 'node:child_process';
import test from 'ava';
import { PROJECT } from '../../lab/project.js';

test('a process of a section ends with one line and no stack trace', (t) => {
  const args = ['--import=tsx', 'bench/section_agent.ts', 'nothing'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: PROJECT, encoding: 'utf8' });
  t.is(status, 1);
  t.regex(stderr, /^bench nothing: no section is called nothing; .+\n$/);
});
