import test from 'ava';
import { fillProblems, formatFill, type PortFill } from '../../src/gateway/state_port_fill.js';

const RANGE = { lo: 61_000, hi: 61_009 };

test('a range is a problem once nine tenths of it are in use towards one server', (t) => {
  const fill = (used: number): PortFill => ({
    range: RANGE,
    atMost: used,
    busiest: { protocol: 'tcp', server: '198.51.100.7', port: 80, used },
  });
  t.deepEqual(fillProblems(undefined), []);
  t.deepEqual(fillProblems({ ...fill(10), busiest: undefined }), []);
  t.deepEqual(fillProblems(fill(8)), []);
  t.regex(
    fillProblems(fill(9)).join(),
    /61000-61009 are nearly used up towards tcp 198\.51\.100\.7 port 80; run/,
  );
  t.regex(fillProblems(fill(10)).join(), /are used up, and more connections fail towards tcp/);
  t.is(formatFill(fill(9)), '9 of 10 in use towards tcp 198.51.100.7 port 80');
  t.is(
    formatFill({ range: RANGE, atMost: 3, busiest: undefined }),
    'at most 3 of 10 in use towards one server',
  );
});
