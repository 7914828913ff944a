import { unknown } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';
import { changed, HEALTHY, withIds } from '../healthy.js';

const { helper } = HEALTHY;

finds('addresses', [
  [
    'neither the option nor the setting limits external addresses',
    { helper: changed(helper, { externalIpCidrs: undefined }) },
    'warn',
    /an author of Services may take any free address/,
  ],
  [
    'no helper answers, and the setting is not there',
    { helper: unknown('no answer'), ...withIds({ 'k8s-external-ip-cidrs': undefined }) },
    'warn',
    /external_ids:k8s-external-ip-cidrs is not set/,
    [/^flows: .*no answer/],
  ],
]);
