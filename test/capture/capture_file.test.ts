import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type PcapForm, pcapFile } from '../../lab/pcap_file.js';
import { MIX_GATEWAY, trafficMix } from '../../lab/traffic_mix.js';
import { ENOUGH, readCapture } from '../../src/capture/capture_file.js';
import { frameExplainer } from '../../src/explain/explanation.js';
import { ProductError } from '../../src/net/errors.js';

const FRAMES = trafficMix(200).map(({ frame }) => frame);

function fileOf(t: ExecutionContext<unknown>, content: Uint8Array | string): string {
  const folder = mkdtempSync(join(tmpdir(), 'capture-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'x.pcap');
  writeFileSync(path, content);
  return path;
}

async function contentOf(path: string): Promise<{ hex: string; wireLength: number }[]> {
  const packets: { hex: string; wireLength: number }[] = [];
  const count = await readCapture(path, ({ number, frame, wireLength }) => {
    packets.push({ hex: Buffer.from(frame).toString('hex'), wireLength });
    if (number !== packets.length) throw new Error(`${number} instead of ${packets.length}`);
    return undefined;
  });
  if (count !== packets.length) throw new Error(`${count} instead of ${packets.length}`);
  return packets;
}

for (const [title, form] of [
  ['little-endian', {}],
  ['big-endian', { bigEndian: true }],
  ['nanosecond', { nanoseconds: true }],
  ['big-endian nanosecond', { bigEndian: true, nanoseconds: true }],
] as const satisfies readonly (readonly [string, PcapForm])[]) {
  test(`a ${title} capture is read as it was written`, async (t) => {
    const packets = await contentOf(fileOf(t, pcapFile(FRAMES, form)));
    t.deepEqual(
      packets,
      FRAMES.map((frame) => ({ hex: frame.toString('hex'), wireLength: frame.length })),
    );
  });
}

test('a packet that was cut by the snap length keeps its length on the wire', async (t) => {
  const packets = await contentOf(fileOf(t, pcapFile(FRAMES, { snapLength: 40 })));
  t.deepEqual(
    packets,
    FRAMES.map((frame) => ({ hex: frame.subarray(0, 40).toString('hex'), wireLength: frame.length })),
  );
});

test('a capture without packets is valid', async (t) => {
  t.deepEqual(await contentOf(fileOf(t, pcapFile([]))), []);
});

test('a capture that ends within a packet is read up to that packet, then the error names it', async (t) => {
  const whole = pcapFile(FRAMES);
  for (const missing of [1, 20, (FRAMES.at(-1)?.length ?? 0) + 10]) {
    const path = fileOf(t, whole.subarray(0, whole.length - missing));
    let seen = 0;
    await t.throwsAsync(
      readCapture(path, () => {
        seen += 1;
        return undefined;
      }),
      { code: 'ERR_CAPTURE', message: `${path} is cut off, or damaged, after packet ${FRAMES.length - 1}` },
    );
    t.is(seen, FRAMES.length - 1);
  }
});

test('a file that is not a capture, or of another link type than Ethernet, is refused by name', async (t) => {
  const refused = async (path: string, message: RegExp) =>
    t.throwsAsync(contentOf(path), { code: 'ERR_CAPTURE', message });
  await refused('/nonexistent/x', /^\/nonexistent\/x is not a capture/);
  await refused(tmpdir(), /is not a capture/);
  await refused(fileOf(t, ''), /x\.pcap is not a capture/);
  await refused(fileOf(t, 'root:x:0:0:root:/root:/bin/bash\n'.repeat(9)), /x\.pcap is not a capture/);
  await refused(fileOf(t, pcapFile(FRAMES).subarray(0, 20)), /x\.pcap is not a capture/);
  await refused(fileOf(t, pcapFile(FRAMES, { linkType: 113 })), /another link than Ethernet \(LINUX_SLL\)/);
  await refused(fileOf(t, pcapFile(FRAMES, { linkType: 276 })), /another link than Ethernet/);
});

test('ENOUGH ends the reading, and an error of the callback is thrown', async (t) => {
  const path = fileOf(t, pcapFile(FRAMES));
  let seen = 0;
  t.is(
    await readCapture(path, ({ number }) => {
      seen += 1;
      return number === 7 ? ENOUGH : undefined;
    }),
    7,
  );
  t.is(seen, 7);
  const error = new Error('packet 3');
  await t.throwsAsync(
    readCapture(path, ({ number }) => {
      if (number === 3) throw error;
      return undefined;
    }),
    { is: error },
  );
});

test('whatever a capture file holds, its packets are read and explained, or the file is refused by name', async (t) => {
  const whole = pcapFile(FRAMES.slice(0, 20));
  const folder = mkdtempSync(join(tmpdir(), 'capture-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'x.pcap');
  const explain = frameExplainer(MIX_GATEWAY, 'phys', 'new');
  const byte = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
  // Lengths that lie: the snap length, and a packet's length in the file and on the wire.
  const word = fc.tuple(
    fc.constantFrom(16, 24 + 8, 24 + 12),
    fc.constantFrom(0, 1, 13, 65_535, 0x7fffffff, 0xffffffff),
  );
  const damage = fc.record({
    bytes: fc.oneof(fc.constant([]), fc.array(byte, { maxLength: 4 }), fc.array(byte, { maxLength: 200 })),
    words: fc.array(word, { maxLength: 2 }),
    length: fc.oneof(fc.constant(whole.length), fc.nat({ max: whole.length })),
    tail: fc.uint8Array({ maxLength: 100 }),
  });
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(damage, async ({ bytes, words, length, tail }) => {
      const file = Buffer.from(whole);
      for (const [at, value] of bytes) file[at] = value;
      for (const [at, value] of words) file.writeUInt32LE(value, at);
      writeFileSync(path, Buffer.concat([file.subarray(0, length), tail]));
      const end = await readCapture(path, ({ number, frame, wireLength }) => {
        t.true(frame.length <= 262_144);
        t.is(explain(number, frame, wireLength).number, number);
        return undefined;
      }).catch((error: unknown) => {
        if (!(error instanceof ProductError)) throw error;
        return error.code;
      });
      ends.add(typeof end === 'number' ? 'read' : end);
    }),
    { numRuns: 500 },
  );
  t.deepEqual([...ends].toSorted(), ['ERR_CAPTURE', 'read']);
});
