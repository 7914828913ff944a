import test from 'ava';
import { differenceOf } from '../../../src/nic/persist/difference.js';

test('the difference has the lines from the first change to the last', (t) => {
  t.deepEqual(differenceOf('a\nb\nc\nd\n', 'a\nx\nc\nd\n'), ['- b', '+ x']);
  t.deepEqual(differenceOf(undefined, 'a\nb\n'), ['+ a', '+ b']);
  t.deepEqual(differenceOf('a\n', undefined), ['- a']);
  t.deepEqual(differenceOf('a\n', 'a\n'), []);
  t.deepEqual(differenceOf('a\na\n', 'a\n'), ['- a']);
});

test('passwords and keys are not shown', (t) => {
  t.deepEqual(
    differenceOf(undefined, 'psk=abc\nprivate-key-password: x\nwpa-psk secret\nPrivateKey=y\nDHCP=yes\n'),
    [
      '+ psk=(not shown)',
      '+ private-key-password: (not shown)',
      '+ wpa-psk (not shown)',
      '+ PrivateKey=(not shown)',
      '+ DHCP=yes',
    ],
  );
});

test('keys of wireless networks, and values in comments, are not shown', (t) => {
  t.deepEqual(
    differenceOf(undefined, 'wireless-key1 abc\nwpa-wep-key0 abc\n#wpa-psk abc\n# a psk is set\n'),
    [
      '+ wireless-key1 (not shown)',
      '+ wpa-wep-key0 (not shown)',
      '+ #wpa-psk (not shown)',
      '+ # a psk is set',
    ],
  );
});
