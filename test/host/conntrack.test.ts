import test from 'ava';
import { deleteUdpEntries, targetIn, udpTargets } from '../../src/host/conntrack.js';
import { parseIp } from '../../src/net/ip.js';

test('the target of an entry is the one of its original direction', (t) => {
  const line =
    'udp      17 29 src=10.244.1.2 dst=10.96.44.158 sport=35882 dport=83 [UNREPLIED] src=10.244.1.3 dst=10.244.1.2 sport=8080 dport=35882 mark=0 use=1';
  t.deepEqual(targetIn(line), { address: parseIp('10.96.44.158'), port: 83 });
  t.is(targetIn('conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.'), undefined);
});

test('without the program, the error names the package', async (t) => {
  // Of this process only: each test file has one of its own.
  process.env.PATH = '/nonexistent';
  const missing = { code: 'ERR_CONNTRACK', message: 'there is no conntrack; install the package conntrack' };
  await t.throwsAsync(
    udpTargets(4, () => true),
    missing,
  );
  await t.throwsAsync(deleteUdpEntries(6, { address: parseIp('2001:db8::1'), port: 53 }), missing);
});
