import { known } from '../../../src/doctor/known.js';
import { finds } from '../finds.js';

const offload = (driver: string, ...on: readonly string[]) => ({
  offloads: new Map([['eth0', known({ driver, on: new Set(on) })]]),
});

finds('offloads', [
  ['checksums left out', offload('veth', 'tx-checksumming'), 'fail', /leaves checksums to hardware/],
  ['merging by the NIC', offload('ixgbe', 'large-receive-offload'), 'warn', /large-receive-offload/],
  ['merging by the kernel', offload('ixgbe', 'generic-receive-offload'), 'warn', /generic-receive-offload/],
]);
