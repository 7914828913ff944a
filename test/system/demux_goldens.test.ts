import { fileURLToPath } from 'node:url';
import { labTest } from '../../lab/lab_test.js';
import { Wire } from '../../lab/wire.js';
import { demuxFlows } from '../../src/demux/table.js';
import { parseDumpedFlow } from '../../src/openflow/flow.js';
import { GOLDEN_DIRECTORY, GOLDEN_STATES } from '../demux/golden.js';

const byKey = (a: { readonly key: string }, b: { readonly key: string }) => (a.key < b.key ? -1 : 1);

labTest(
  'ovs-ofctl loads each golden file, and the switch then has exactly the flows of its state',
  async (t) => {
    const wire = await Wire.start();
    t.teardown(() => wire.dispose());
    for (const [name, state] of GOLDEN_STATES) {
      // As the helper does: OpenFlow 1.0 has no set_field, and the switch would store another action.
      const file = fileURLToPath(new URL(`${name}.flows`, GOLDEN_DIRECTORY));
      await wire.host.ofctl('del-flows', 'breth0');
      await wire.host.ofctl('-OOpenFlow14', 'add-flows', 'breth0', file);
      const dump = await wire.host.ofctl('-OOpenFlow14', '--no-names', 'dump-flows', 'breth0');
      const identity = ({ cookie, key, text }: { cookie: bigint; key: string; text: string }) => ({
        cookie,
        key,
        text,
      });
      const installed = dump.split('\n').flatMap((line) => parseDumpedFlow(line) ?? []);
      t.deepEqual(installed.map(identity).sort(byKey), demuxFlows(state).map(identity).sort(byKey), name);
    }
  },
);
