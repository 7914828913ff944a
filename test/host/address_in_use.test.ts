import test from 'ava';
import { awaitAddressesInUse } from '../../src/host/address_in_use.js';

test('addresses are waited for until the kernel has the local route of each', async (t) => {
  const looks = [[], ['2001:db8::10'], ['fe80::1', '2001:db8::10']];
  let count = 0;
  await awaitAddressesInUse('breth0', ['2001:db8::10', 'fe80::1'], 60_000, async (device) => {
    t.is(device, 'breth0');
    return new Set(looks[count++]);
  });
  t.is(count, 3);
});

test('an address that never works is waited for only so long, and no address not at all', async (t) => {
  const never = async () => new Set<string>();
  await t.notThrowsAsync(awaitAddressesInUse('breth0', ['2001:db8::10'], 20, never));
  await awaitAddressesInUse('breth0', [], 60_000, async () => t.fail());
});
