import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { demuxFlows } from '../../src/demux/table.js';
import { formatCookie } from '../../src/openflow/cookie.js';
import { formatGolden, GOLDEN_DIRECTORY, GOLDEN_STATES } from './golden.js';

const pathOf = (name: string) => fileURLToPath(new URL(`${name}.flows`, GOLDEN_DIRECTORY));

for (const [name, state] of GOLDEN_STATES) {
  test(`the flows of the state "${name}" equal its golden file`, (t) => {
    const golden = readFileSync(pathOf(name), 'utf8');
    t.is(formatGolden(state), golden, 'if the change is wanted: npm run goldens');
  });

  test(`ovs-ofctl reads every flow of the golden file "${name}"`, async (t) => {
    const { stdout } = await execa('ovs-ofctl', ['parse-flows', pathOf(name)]);
    const cookies = [...stdout.matchAll(/ ADD .* cookie:(0x[0-9a-f]+)/g)].map(([, cookie]) => cookie);
    t.deepEqual(
      cookies.sort(),
      demuxFlows(state)
        .map(({ cookie }) => formatCookie(cookie))
        .sort(),
    );
  });
}

test('every golden file belongs to a state', (t) => {
  const expected = [...GOLDEN_STATES.keys()].map((name) => `${name}.flows`);
  t.deepEqual(readdirSync(GOLDEN_DIRECTORY).sort(), expected.sort());
});
