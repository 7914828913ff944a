import test from 'ava';
import { formatCtState, parseCtState, trackedAs } from '../../src/openflow/ct_state.js';

test('a state is printed as its flags, and parsed back', (t) => {
  const est = trackedAs('est');
  t.is(formatCtState(est, est), '+est+trk');
  t.is(formatCtState(0x20n, 0x22n), '-est+trk');
  t.deepEqual(parseCtState('+est+trk'), { value: est, mask: est });
  t.deepEqual(parseCtState('-est+trk'), { value: 0x20n, mask: 0x22n });
});

test('text that is not a list of flags is not a state', (t) => {
  for (const text of ['', 'est', '+', '+est,+trk', '+dnat', '+toString', '0x22/0x22']) {
    t.is(parseCtState(text), undefined, text);
  }
});
