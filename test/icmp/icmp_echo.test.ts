import test from 'ava';
import fc from 'fast-check';
import { echoRequest, readEchoReply } from '../../src/icmp/icmp_echo.js';

const HEADER = Buffer.alloc(24).fill(0x46, 0, 1);

test('a reply is parsed to the id and sequence of its request, after an IPv4 header with options too', (t) => {
  const word = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(fc.constantFrom(4 as const, 6 as const), word, word, (family, id, sequence) => {
      const packet = echoRequest(family, { id, sequence });
      const replyOf = (type: number) => {
        packet[0] = type;
        return readEchoReply(family, family === 4 ? Buffer.concat([HEADER, packet]) : packet);
      };
      t.is(replyOf(family === 4 ? 8 : 128), undefined);
      t.deepEqual(replyOf(family === 4 ? 0 : 129), { id, sequence });
    }),
  );
});

test('an IPv4 request has the checksum of RFC 1071', (t) => {
  const packet = echoRequest(4, { id: 0x1234, sequence: 1 });
  let sum = 0;
  for (let at = 0; at < packet.length; at += 2) sum += packet.readUInt16BE(at);
  t.is((sum & 0xffff) + (sum >>> 16), 0xffff);
});

test('parsing never throws, and fewer than 8 bytes are not a reply', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(4 as const, 6 as const),
      (bytes, family) => {
        const name = readEchoReply(family, bytes);
        t.true(name === undefined || bytes.length >= 8);
      },
    ),
  );
});
