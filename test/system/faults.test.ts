// Ten faults of different subjects, as `npm run faults -- --quick` measures them. docs/faults.md has all.
import test from 'ava';
import { FAULTS } from '../../lab/faults/all.js';
import { FaultStage } from '../../lab/faults/stage.js';
import { kubeAssets } from '../../lab/kube.js';
import { kubeTest } from '../../lab/kube_test.js';
import { hasSteadyNat, whereNatIsSteady } from '../../lab/ovn_release.js';
import { chosen } from '../faults/choice.js';
import { measure } from '../faults/measure.js';
import { formatOutcome } from '../faults/print.js';

let stage: FaultStage;
test.before(async () => {
  if (process.getuid?.() === 0 && kubeAssets() !== undefined && hasSteadyNat())
    stage = await FaultStage.start();
});
test.after.always(() => stage?.dispose());

const declare = whereNatIsSteady(kubeTest);
for (const fault of chosen(FAULTS, { quick: true }))
  declare(`${fault.subject}: ${fault.name}: no promise is broken`, async (t) => {
    const outcome = await measure(stage, fault);
    for (const row of formatOutcome(outcome)) t.log(row.join('  '));
    t.deepEqual(outcome.failures, []);
  });
