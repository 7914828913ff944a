import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { formatGolden, GOLDEN_DIRECTORY, GOLDEN_STATES } from './golden.js';

for (const [name, state] of GOLDEN_STATES)
  test(`the flows of the state "${name}" are those of its golden file`, (t) => {
    const golden = readFileSync(new URL(`${name}.flows`, GOLDEN_DIRECTORY), 'utf8');
    t.is(formatGolden(state), golden, 'if the change is wanted: npm run goldens');
  });

test('every golden file belongs to a state', (t) => {
  const expected = [...GOLDEN_STATES.keys()].map((name) => `${name}.flows`);
  t.deepEqual(readdirSync(GOLDEN_DIRECTORY).sort(), expected.sort());
});
