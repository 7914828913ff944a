import test, { type ExecutionContext } from 'ava';
import { labTest } from '../../lab/lab_test.js';
import { caseOf } from '../hostile/cases.js';
import { excessOf } from '../hostile/limits.js';
import { Stage } from '../hostile/stage.js';

/** One case for each kind of peer. `npm run hostile` plays all of them. */
let stage: Stage;
test.before(async () => {
  if (process.getuid?.() === 0) stage = await Stage.start();
});
test.after.always(() => stage?.dispose());

async function holds(
  t: ExecutionContext,
  ...[peer, kind, channel]: Parameters<typeof caseOf>
): Promise<string> {
  const outcomes = await stage.play(caseOf(peer, kind, channel));
  for (const outcome of outcomes) {
    const { program, peakMb, p99Ms, says } = outcome;
    t.log(`${program}: ${peakMb.toFixed(0)} MB, p99 of status ${p99Ms.toFixed(0)} ms, ${says}`);
    t.is(excessOf(outcome), undefined, program);
  }
  return outcomes.map(({ says }) => says).join('\n');
}

labTest('the daemons answer while clients of the control socket read no answers', async (t) => {
  t.regex(await holds(t, 'unixctl', 'unread'), /connections closed/);
});

labTest('the daemons answer while the local database sends a message of 600 MB', async (t) => {
  t.regex(await holds(t, 'local database', 'huge'), /a message of more than 134217728 bytes/);
});

labTest('the daemons answer while the northbound database floods them with echo requests', async (t) => {
  await holds(t, 'northbound', 'echoes');
});

labTest('the helper answers while the switch sends flows without end', async (t) => {
  await holds(t, 'switch', 'endless', 'openflow');
});

labTest('the daemons answer while the API server sends a page of 200 MB', async (t) => {
  t.regex(await holds(t, 'API server', 'large page'), /the answer has more than/);
});

labTest(
  'helper and node daemon answer while another program flushes all nft tables again and again',
  async (t) => {
    await holds(t, 'kernel', 'flush');
  },
);
