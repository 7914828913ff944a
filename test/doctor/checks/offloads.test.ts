import test from 'ava';
import { offloads } from '../../../src/doctor/checks/offloads.js';
import { known } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';
import { HEALTHY, withBridge } from '../healthy.js';

const offload = (driver: string, ...on: readonly string[]) => ({
  offloads: new Map([['eth0', known({ driver, on: new Set(on) })]]),
});

finds('offloads', [
  ['checksums left out', offload('veth', 'tx-checksumming'), 'fail', /leaves checksums to hardware/],
  ['merging by the NIC', offload('ixgbe', 'large-receive-offload'), 'warn', /large-receive-offload/],
  ['merging by the kernel', offload('ixgbe', 'generic-receive-offload'), 'warn', /generic-receive-offload/],
]);

test("the kernel's datapath needs no whole checksums, and may receive merged packets", (t) => {
  const change = offload('veth', 'tx-checksumming', 'generic-receive-offload');
  const facts = { ...HEALTHY, ...change, ...withBridge('breth0', { datapath: 'system' }) };
  const findings = offloads.run(facts);
  t.deepEqual(
    findings.map(({ level }) => level),
    ['ok'],
  );
});
