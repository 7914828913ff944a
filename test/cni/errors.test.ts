import test from 'ava';
import { CniError, CODES, formatError } from '../../src/cni/errors.js';

test('an error of the plugin has its code, its message, and the cause as details', (t) => {
  const cause = new Error('permission denied', { cause: new Error('EACCES') });
  const error = new CniError(CODES.tryAgainLater, 'the database does not answer', { cause });
  t.deepEqual(JSON.parse(formatError('1.0.0', error)), {
    cniVersion: '1.0.0',
    code: 11,
    msg: 'the database does not answer',
    details: 'permission denied: EACCES',
  });
});

test('any other error is one of input and output', (t) => {
  t.deepEqual(JSON.parse(formatError('0.4.0', new Error('no'))), { cniVersion: '0.4.0', code: 5, msg: 'no' });
  t.deepEqual(JSON.parse(formatError('0.4.0', 'no')), { cniVersion: '0.4.0', code: 5, msg: 'no' });
});
