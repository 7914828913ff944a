import test from 'ava';
import { refuseWrongNames, withinTimeout } from '../../src/gateway/start.js';
import type { BridgeFacts, BridgePort } from '../../src/switch/bridge_facts.js';

function bridgeWith(...ports: readonly string[]): BridgeFacts {
  const all = ports.map(
    (name): BridgePort => ({ uuid: name, name, type: '', ofport: undefined, mac: undefined }),
  );
  return { uuid: 'u', name: 'breth0', ports: all, externalIds: new Map() };
}

const NAMES = { bridge: 'breth0', physicalInterface: 'eth0' };
const WHOLE = bridgeWith('breth0', 'eth0', 'k8s-patch-breth0-br-int');

test('a bridge that has the NIC is accepted', (t) => {
  t.notThrows(() => refuseWrongNames(WHOLE, NAMES));
});

test('a bridge that does not exist is refused with the remedy', (t) => {
  t.throws(() => refuseWrongNames(undefined, NAMES), {
    code: 'ERR_NO_BRIDGE',
    message: '--physical-bridge=breth0: there is no such bridge; ovn-k8s-util nics-to-bridge makes it',
  });
});

for (const name of ['eth9', 'breth0', 'k8s-patch-breth0-br-int']) {
  test(`${name} is refused as NIC, and the NICs of the bridge are named`, (t) => {
    t.throws(() => refuseWrongNames(WHOLE, { ...NAMES, physicalInterface: name }), {
      code: 'ERR_NO_PORT',
      message: /is not a NIC of breth0, which has eth0; ovn-k8s-util nics-to-bridge puts one there$/,
    });
  });
}

test('flows that are in place in time are not late', async (t) => {
  await t.notThrowsAsync(withinTimeout(Promise.resolve(), 60_000, () => 'late'));
});

test('flows that are late are an error that says why', async (t) => {
  // The timer of withinTimeout() does not keep a process alive that has nothing else to do.
  const alive = setInterval(() => undefined, 1_000);
  t.teardown(() => clearInterval(alive));
  const never = new Promise<void>(() => {});
  await t.throwsAsync(
    withinTimeout(never, 1, () => 'breth0 has no flows after 1 ms: why'),
    {
      code: 'ERR_NO_SWITCH',
      message: 'breth0 has no flows after 1 ms: why',
    },
  );
});
