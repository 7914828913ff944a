import test from 'ava';
import { interfaceDown, noInterface, noPermission, notEthernet } from '../../src/capture/errors.js';

test('an error of a capture names the interface and the remedy', (t) => {
  const cause = new Error('refused');
  for (const [error, code, message] of [
    [noInterface('nosuch'), 'ERR_NO_INTERFACE', /^there is no interface nosuch; ip link lists/],
    [noPermission('eth0', cause), 'ERR_NO_PERMISSION', /^eth0: .*CAP_NET_RAW; run this as root$/],
    [notEthernet('tun0'), 'ERR_NOT_ETHERNET', /^tun0 is not Ethernet/],
    [interfaceDown('lo'), 'ERR_INTERFACE_DOWN', /^lo is down; run ip link set lo up$/],
    [interfaceDown('nosuch'), 'ERR_INTERFACE_DOWN', /^nosuch has gone; ip link lists/],
  ] as const) {
    t.is(error.code, code);
    t.regex(error.message, message);
  }
  t.is(noPermission('eth0', cause).cause, cause);
});
