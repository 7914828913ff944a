import test from 'ava';
import fc from 'fast-check';
import { readInstructions, writeInstructions } from '../../../src/openflow/wire/actions.js';
import { isBundleReply } from '../../../src/openflow/wire/bundle.js';
import { readError } from '../../../src/openflow/wire/error_message.js';
import { MalformedMessage } from '../../../src/openflow/wire/errors.js';
import { readFeatures } from '../../../src/openflow/wire/features.js';
import { writeFlowAdd } from '../../../src/openflow/wire/flow_mod.js';
import { readFlowNews } from '../../../src/openflow/wire/flow_monitor.js';
import { readFlowStats } from '../../../src/openflow/wire/flow_stats.js';
import { readHello } from '../../../src/openflow/wire/hello.js';
import { readMatchPart, readTerms, writeMatch } from '../../../src/openflow/wire/match.js';
import { type Message, MessageSplitter } from '../../../src/openflow/wire/message.js';
import { readReply } from '../../../src/openflow/wire/multipart.js';
import { readPorts } from '../../../src/openflow/wire/ports.js';
import { WireReader } from '../../../src/openflow/wire/reader.js';
import { readConfig } from '../../../src/openflow/wire/switch_config.js';
import { WireWriter } from '../../../src/openflow/wire/writer.js';
import { anyFlow } from '../random_flows.js';

/** Copies a message, whose body is valid only during the callback. */
const kept = ({ body, ...rest }: Message): Message => ({ ...rest, body: Buffer.from(body) });

test('a match and actions survive writing and reading', (t) => {
  fc.assert(
    fc.property(anyFlow, ({ match, actions }) => {
      const out = new WireWriter();
      writeMatch(out, match);
      writeInstructions(out, actions);
      t.is(out.length % 8, 0);
      const reader = new WireReader(out.bytes);
      t.deepEqual(readTerms(readMatchPart(reader)), match);
      t.deepEqual(readInstructions(reader), actions);
    }),
  );
});

const message = fc.record({
  version: fc.integer({ min: 1, max: 6 }),
  type: fc.nat(255),
  xid: fc.nat(0xffffffff),
  body: fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets)),
});

function bytesOf({ version, type, xid, body }: Message): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(version, 0);
  header.writeUInt8(type, 1);
  header.writeUInt16BE(8 + body.length, 2);
  header.writeUInt32BE(xid, 4);
  return Buffer.concat([header, body]);
}

test('messages come out complete and in order wherever the stream is cut', (t) => {
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat()), (messages, cuts) => {
      const stream = Buffer.concat(messages.map(bytesOf));
      const ends = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
      const splitter = new MessageSplitter();
      const found: Message[] = [];
      for (const [i, end] of [...ends, stream.length].entries()) {
        splitter.push(stream.subarray(ends[i - 1] ?? 0, end), (one) => found.push(kept(one)));
      }
      t.deepEqual(found, messages);
    }),
  );
});

test('a length below that of a header is malformed', (t) => {
  const splitter = new MessageSplitter();
  t.throws(() => splitter.push(Buffer.from('0500000700000001', 'hex'), () => {}), {
    instanceOf: MalformedMessage,
  });
});

/** Every reader of a switch's messages. */
const READERS: Readonly<Record<string, (octets: Buffer, from: Message) => unknown>> = {
  hello: (_, from) => readHello(from),
  error: (_, from) => readError(from),
  features: (_, from) => readFeatures(from),
  config: (_, from) => readConfig(from),
  bundle: (_, from) => isBundleReply({ ...from, type: 33 }, 1, 4),
  'flow statistics': (octets) => readFlowStats(new WireReader(octets), new Map()),
  'flow statistics in a reply': (_, from) => {
    const reply = readReply(from);
    return reply && readFlowStats(reply.body, new Map());
  },
  'flow news': (_, from) => {
    const reply = readReply(from);
    return reply && readFlowNews(reply);
  },
  ports: (octets) => readPorts({ part: 13, more: false, body: new WireReader(octets) }),
  match: (octets) => readTerms(readMatchPart(new WireReader(octets))),
  instructions: (octets) => readInstructions(new WireReader(octets)),
};

/** The octets of a real flow with one of them changed, which get further into a reader than random octets. */
const nearlyRight = fc.tuple(anyFlow, fc.nat(), fc.nat(255), fc.nat()).map(([flow, where, what, end]) => {
  const out = new WireWriter();
  writeFlowAdd(out, 1, flow);
  const octets = Buffer.from(out.bytes.subarray(48));
  octets[where % octets.length] = what;
  return octets.subarray(0, end % 3 === 0 ? end % octets.length : octets.length);
});

for (const [name, read] of Object.entries(READERS)) {
  test(`${name}: any octets are read or are malformed`, (t) => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((one) => Buffer.from(one)),
      nearlyRight,
    );
    t.notThrows(() =>
      fc.assert(
        fc.property(octets, fc.constantFrom(1, 5), fc.constantFrom(16, 17, 19), (body, version, type) => {
          try {
            read(body, { version, type, xid: 1, body });
          } catch (error) {
            if (!(error instanceof MalformedMessage)) throw error;
          }
        }),
        { numRuns: 2_000 },
      ),
    );
  });
}
