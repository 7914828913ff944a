import { stopApiServer } from '../../lab/api_outage.js';
import { kubeTest } from '../../lab/kube_test.js';
import { until, when } from '../../lab/until.js';

/** Milliseconds within which flows and load balancers must fit the services after the outage. */
const TARGET_MS = 2_000;
/** Milliseconds that the session may be silent: far less than the outage, more than a busy machine delays a process. */
const GAP_MS = 3_000;

kubeTest(
  'traffic continues while the API server is away, and all changes are applied once it answers',
  async (t) => {
    const { session, probes, flowsMs, balancersMs, crashes } = await stopApiServer(
      40,
      async ({ cluster }, gateway) => {
        for (const [{ host }, program] of [
          [cluster.master, 'ovn-k8s-watcher'],
          [gateway, 'ovn-k8s-gateway-helper'],
        ] as const)
          await until(`the status of ${program} to report it`, async () =>
            when(/no answer|broke off/.test(await host.appctl('-t', program, 'status'))),
          );
      },
    );
    t.log(`flows ${flowsMs.toFixed(0)} ms, load balancers ${balancersMs.toFixed(0)} ms after it answered`);
    t.log(
      `probes ${probes.answered} of ${probes.sent}, session's longest gap ${session.longestGapMs.toFixed(0)} ms`,
    );
    t.deepEqual(crashes, []);
    t.true(session.alive);
    t.true(session.longestGapMs < GAP_MS, `${session.longestGapMs} ms`);
    t.true(probes.sent > 20, String(probes.sent));
    t.is(probes.answered, probes.sent);
    t.true(flowsMs < TARGET_MS, `flows: ${flowsMs} ms`);
    t.true(balancersMs < TARGET_MS, `load balancers: ${balancersMs} ms`);
  },
);
