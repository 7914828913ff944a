import test from 'ava';
import { formatReport, hasFailed, reportJson } from '../../src/doctor/report.js';

test('a report has a line for each finding, its remedy below, and a summary', (t) => {
  const examined = [
    {
      check: 'mtu',
      findings: [
        { level: 'ok', what: 'fits' },
        { level: 'fail', what: 'too long', remedy: 'shorten it' },
      ],
    },
  ] as const;
  t.is(
    formatReport(examined),
    'ok    mtu: fits\nFAIL  mtu: too long\n      remedy: shorten it\n1 failure, 0 warnings\n',
  );
  t.deepEqual(JSON.parse(reportJson(examined)), {
    ok: false,
    findings: [
      { check: 'mtu', level: 'ok', what: 'fits' },
      { check: 'mtu', level: 'fail', what: 'too long', remedy: 'shorten it' },
    ],
  });
  t.false(hasFailed([]));
  t.is(formatReport([]), 'all is well\n');
});
