import type { FlowFacts } from '../../../src/doctor/facts/facts.js';
import { unknown } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';
import { changed, HEALTHY } from '../healthy.js';

const { helper } = HEALTHY;
const [flowsOf] = HEALTHY.flows;
const ours = flowsOf?.switch.isKnown ? flowsOf.switch.value.ours : [];
const onSwitch = (change: Partial<Extract<FlowFacts['switch'], { isKnown: true }>['value']>) => ({
  flows: flowsOf === undefined ? [] : [{ ...flowsOf, switch: changed(flowsOf.switch, change) }],
});

finds('flows', [
  [
    'no helper',
    { helper: unknown('it is not running') },
    'fail',
    /no helper keeps the flows of breth0: it is not/,
  ],
  [
    'a helper that is behind',
    { helper: changed(helper, { synced: false }) },
    'fail',
    /the helper says that the flows of breth0 are not in place/,
  ],
  [
    'a helper that complains',
    { helper: changed(helper, { problems: ['no API'] }) },
    'warn',
    /the helper: no API/,
  ],
  ['no flows', onSwitch({ ours: [] }), 'fail', /breth0 has no flows of the gateway/],
  ['a flow is gone', onSwitch({ ours: ours.slice(1) }), 'fail', /1 missing or altered, 0 too many/],
  ['fragments', onSwitch({ fragments: 'normal' }), 'fail', /treats fragments as "normal"/],
  ['floods to OVN', onSwitch({ noFlood: new Set() }), 'fail', /floods to k8s-patch-breth0-br-int/],
  [
    'a stranger',
    onSwitch({
      others: [
        {
          cookie: 7n,
          key: 'table=0,priority=999,tcp',
          text: 'table=0,priority=999,tcp actions=drop',
          packets: 0n,
          bytes: 0n,
        },
      ],
    }),
    'warn',
    /1 flows that are not the helper's.*priority=999,tcp actions=drop/,
  ],
  [
    'no switch',
    flowsOf === undefined ? {} : { flows: [{ ...flowsOf, switch: unknown('no mgmt') }] },
    'warn',
    /not checked: no mgmt/,
  ],
]);
