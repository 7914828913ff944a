import test from 'ava';
import { demuxFlows } from '../../src/demux/table.js';
import { claimsOf, NO_CLAIMS, recoverClaims } from '../../src/gateway/services.js';
import { parseIp } from '../../src/net/ip.js';
import { GATEWAY } from '../demux/sample.js';

test('what services claimed is known again from the flows that were made for it', (t) => {
  const claims = {
    nodePorts: [
      { protocol: 'tcp', port: 30_080 },
      { protocol: 'udp', port: 30_053 },
      { protocol: 'sctp', port: 30_099 },
    ],
    served: [parseIp('203.0.113.80'), parseIp('2001:db8::80')],
  } as const;
  const installed = demuxFlows({ ...GATEWAY, ...claims }).map((flow) => ({
    ...flow,
    packets: 0n,
    bytes: 0n,
  }));
  const expected = claimsOf(claims.nodePorts, claims.served);
  t.deepEqual(recoverClaims(installed), expected);
  t.is(expected.nodePorts.size + expected.served.size, 5);
  t.deepEqual(recoverClaims([]), NO_CLAIMS);
});
