import test from 'ava';
import { parseSockets, refuseUsedRange } from '../../src/overlay/port_checks.js';

const SS = `udp   UNCONN 0 0            0.0.0.0:68          0.0.0.0:*     users:(("dhclient",pid=611,fd=7))
tcp   LISTEN 0 128             [::]:61234            [::]:*     users:(("sshd",pid=17,fd=3))
tcp   LISTEN 0 128        127.0.0.1:62000         0.0.0.0:*     users:(("ollama",pid=18,fd=3))
tcp   ESTAB  0 0    203.0.113.11:63000 203.0.113.1:443
tcp   TIME-WAIT 0 0 203.0.113.11:64000 203.0.113.1:443
`;
const RANGE = { lo: 61_000, hi: 65_535 };
const EPHEMERAL = { lo: 32_768, hi: 60_999 };

test('parseSockets returns the sockets that outside packets can reach, with their programs', (t) => {
  t.deepEqual(
    parseSockets(SS).map(({ port, isListening, text }) => [port, isListening, text]),
    [
      [68, true, '0.0.0.0:68 of dhclient (pid 611)'],
      [61_234, true, '[::]:61234 of sshd (pid 17)'],
      [63_000, false, '203.0.113.11:63000'],
    ],
  );
});

test('a range that contains ephemeral ports, a listener or a live connection is refused', (t) => {
  t.throws(() => refuseUsedRange({ lo: 60_000, hi: 65_535 }, EPHEMERAL, []), {
    message: /overlaps net\.ipv4\.ip_local_port_range 32768-60999/,
  });
  t.throws(() => refuseUsedRange(RANGE, EPHEMERAL, parseSockets(SS)), {
    message: /tcp \[::\]:61234 of sshd \(pid 17\) and 1 more listens there/,
  });
  t.throws(() => refuseUsedRange({ lo: 62_500, hi: 63_500 }, EPHEMERAL, parseSockets(SS)), {
    message:
      /tcp 203\.0\.113\.11:63000 is connected there; restart it, with net\.ipv4\.ip_local_port_range 32768-60999, or give/,
  });
  t.notThrows(() => refuseUsedRange({ lo: 61_900, hi: 62_100 }, EPHEMERAL, parseSockets(SS)));
});
