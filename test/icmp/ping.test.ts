import test from 'ava';
import { readPing } from '../../src/icmp/ping.js';

const REPLY = `PING fd00:10:244:1::2 (fd00:10:244:1::2) 56 data bytes
64 bytes from fd00:10:244:1::2: icmp_seq=1 ttl=64 time=0.412 ms

--- fd00:10:244:1::2 ping statistics ---
1 packets transmitted, 1 received, 0% packet loss, time 0ms
rtt min/avg/max/mdev = 0.412/0.412/0.412/0.000 ms
`;

test('the time of a reply is read from the output of ping', (t) => {
  t.is(readPing(REPLY), 0.412);
  t.is(readPing('64 bytes from 10.244.1.2: icmp_seq=1 ttl=64 time=12 ms\n'), 12);
});

test('output without a reply has no time', (t) => {
  t.is(readPing('From 10.244.2.2 icmp_seq=1 Destination Host Unreachable\n'), undefined);
  t.is(
    readPing('--- 10.244.1.2 ping statistics ---\n1 packets transmitted, 0 received, time 0ms\n'),
    undefined,
  );
  t.is(readPing(''), undefined);
});
