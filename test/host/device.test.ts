import test from 'ava';
import { awaitDevice, awaitNoDevice } from '../../src/host/device.js';

test('a device that is there, or one that is not, is not waited for', async (t) => {
  await t.notThrowsAsync(awaitDevice('lo', 0));
  await t.notThrowsAsync(awaitNoDevice('none9', 0));
});

test('a device that does not come or go in time is an error that names it', async (t) => {
  await t.throwsAsync(awaitDevice('none9', 20), {
    code: 'ERR_NO_DEVICE',
    message: 'device none9 did not appear within 20 ms; is ovs-vswitchd running?',
  });
  await t.throwsAsync(awaitNoDevice('lo', 20), {
    code: 'ERR_NO_DEVICE',
    message: 'device lo did not go within 20 ms; is ovs-vswitchd running?',
  });
});
