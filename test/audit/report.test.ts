import test from 'ava';
import type { ClassComparison } from '../../src/audit/compare.js';
import { auditJson, formatAudit } from '../../src/audit/report.js';

const SAME: ClassComparison = {
  name: 'management',
  atLeast: 990n,
  atMost: 1_020n,
  delivered: 1_000n,
  agrees: true,
};
const NONE: ClassComparison = { name: 'tunnel', atLeast: 0n, atMost: 0n, delivered: 0n, agrees: true };
const LOST: ClassComparison = {
  name: 'node-port',
  atLeast: 500n,
  atMost: 500n,
  delivered: 0n,
  agrees: false,
};

test('the text has one line for each class with packets, and a summary', (t) => {
  t.is(
    formatAudit([NONE, SAME]),
    [
      'class                                        arrived     delivered',
      'management                               990 to 1020          1000',
      'the switch delivered every packet that arrived',
      '',
    ].join('\n'),
  );
});

test('the summary names each class that disagrees, and what to run', (t) => {
  t.regex(formatAudit([SAME, LOST]), /^node-port +500 +0 {2}DISAGREES$/m);
  t.regex(formatAudit([SAME, LOST]), /^node-port: 500 arrived and 0 were delivered as such: .*doctor$/m);
  t.regex(
    formatAudit([{ ...LOST, delivered: 900n }]),
    /^node-port: 900 were delivered as such and 500 arrived; run ovn-k8s-util doctor$/m,
  );
});

test('the JSON has every class, and whether all agree', (t) => {
  t.deepEqual(JSON.parse(auditJson([NONE, LOST])), {
    agrees: false,
    classes: [
      { class: 'tunnel', arrivedAtLeast: 0, arrivedAtMost: 0, delivered: 0, agrees: true },
      { class: 'node-port', arrivedAtLeast: 500, arrivedAtMost: 500, delivered: 0, agrees: false },
    ],
  });
  t.true(JSON.parse(auditJson([NONE, SAME])).agrees);
});
