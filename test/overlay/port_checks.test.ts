import test from 'ava';

import fc from 'fast-check';
import { parseSockets } from '../../src/host/sockets.js';
import { isOwn, refuseUsedRange } from '../../src/overlay/port_checks.js';

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

test("a program's name cannot make a socket another process's", (t) => {
  const [socket] = parseSockets(
    `tcp LISTEN 0 128 0.0.0.0:61234 0.0.0.0:* users:(("x",pid=${process.pid},fd=1",pid=17,fd=3))`,
  );
  t.is(socket?.port, 61_234);
  t.is(socket?.pid, undefined);
  t.is(socket && isOwn(socket), false);
  const [spaced] = parseSockets(
    'tcp LISTEN 0 128 0.0.0.0:61234 0.0.0.0:* users:(("a b",pid=17,fd=3),("a b",pid=17,fd=4))',
  );
  t.is(spaced?.pid, 17);
  t.is(spaced?.text, '0.0.0.0:61234 of a b (pid 17)');
});

test("a program's name cannot hide its socket", (t) => {
  for (const name of ['a\rb', 'a\u2028b', 'a\u2029b']) {
    const sockets = parseSockets(`tcp LISTEN 0 128 0.0.0.0:61234 0.0.0.0:* users:(("${name}",pid=17,fd=3))`);
    t.deepEqual(
      sockets.map(({ port, pid }) => [port, pid]),
      [[61_234, 17]],
    );
  }
});

test('whatever ss prints, each socket has a port, and nothing is thrown', (t) => {
  const word = fc.oneof(
    fc.constantFrom(
      'tcp',
      'udp',
      'LISTEN',
      'TIME-WAIT',
      '0',
      '0.0.0.0:68',
      '[::]:99999',
      '*:*',
      '127.0.0.1:1',
      ':',
      '::1:-5',
      'users:(("a",pid=1,fd=2))',
      '\n',
      ' ',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  // Random words are hardly ever a socket, so each text ends with a line that `ss` prints, with random words in it.
  const line = fc
    .tuple(
      fc.constantFrom('tcp', 'udp', 'sctp'),
      fc.constantFrom('LISTEN', 'ESTAB'),
      word,
      fc.integer({ min: 0, max: 65_535 }),
    )
    .map(([protocol, state, program, port]) => ({
      port,
      text: `${protocol} ${state} 0 0 0.0.0.0:${port} 0.0.0.0:* users:(("${program.replaceAll('\n', '')}",pid=1,fd=2))`,
    }));
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 30 }),
      fc.constantFrom(' ', '', '\n'),
      line,
      (words, between, last) => {
        const sockets = parseSockets(`${words.join(between)}\n${last.text}`);
        for (const { port, pid } of sockets) {
          t.true(Number.isInteger(port) && port >= 0 && port <= 65_535);
          t.true(pid === undefined || Number.isInteger(pid));
        }
        t.is(sockets.at(-1)?.port, last.port);
      },
    ),
    { numRuns: 1_000 },
  );
});
