import test from 'ava';
import { formatStatus, NOTHING_FOLLOWED, statusJson } from '../../../src/watcher/report/status.js';

const REPORT = {
  counts: { ports: 3, services: 2, vips: 7 },
  totals: { looks: 12, transactions: 4, failures: 1 },
  problems: ['Pod default/early: node gw1 has no Logical_Switch', 'waiting for the cluster router'],
};

test('the status has one fact a line, and each problem on a line of its own', (t) => {
  t.is(
    formatStatus(REPORT),
    [
      'ports:     3',
      'services:  2, virtual addresses 7',
      'looks:     12, transactions 4, failures 1',
      'problem:   Pod default/early: node gw1 has no Logical_Switch',
      'problem:   waiting for the cluster router',
      '',
    ].join('\n'),
  );
});

test('the status as JSON has flat numbers and a list of problems', (t) => {
  t.deepEqual(JSON.parse(statusJson(REPORT)), {
    ports: 3,
    services: 2,
    vips: 7,
    looks: 12,
    transactions: 4,
    failures: 1,
    problems: REPORT.problems,
  });
});

test('before anything is followed the status has zeros and no problem', (t) => {
  t.is(
    formatStatus(NOTHING_FOLLOWED),
    'ports:     0\nservices:  0, virtual addresses 0\nlooks:     0, transactions 0, failures 0\n',
  );
});
