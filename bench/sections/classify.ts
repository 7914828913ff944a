import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIX_GATEWAY } from '../../lab/traffic_mix.js';
import { classByTshark, tshark } from '../../lab/tshark.js';
import { classOfId } from '../../src/demux/classes.js';
import { type Batch, Classifier } from '../../src/demux/classifier.js';
import type { NamedRole } from '../../src/demux/port_role.js';
import { formatState } from '../../src/demux/state_json.js';
import type { Figure, Report, Section } from '../figure.js';
import { Bystander } from '../lab/bystander.js';
import { type Capture, writeCapture } from '../lab/capture.js';

const PACKETS = 1_000_000;
const RUNS = 10;
/** The decoder is slow, so a few runs suffice. */
const DECODER_RUNS = 3;
/** The addon's threads share a batch of 32,768 frames or more. A batch of this size runs on one thread. */
const UNSHARED = 16_384;
const FILTER = 'dst portrange 61000-65535';

type Batches = Capture['batches'];

export const classify: Section = {
  name: 'classify',
  about: [
    `${PACKETS} frames of 64 to 1500 bytes (64, 594 and 1500 at 7 : 4 : 1) of all classes and both families, in memory.`,
    'The addon classifies them into an array that was written to before: in one batch for each port, which the hardware',
    'threads share, and in smaller batches on one thread. References, alternating with it: the decoder of the npm package pcap, which',
    `parses each frame and finds no class, and "tcpdump -r --count" with one filter (${FILTER})`,
    'over a file of the same bytes. Each class is compared with the class that follows from the fields printed by tshark.',
    'explain --count is the whole command over that file, which libpcap reads.',
  ],

  async measure(): Promise<Report> {
    const folder = mkdtempSync(join(tmpdir(), 'classify-'));
    try {
      return await measureIn(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function measureIn(folder: string): Promise<Report> {
  const capture = writeCapture(join(folder, 'mix.pcap'), PACKETS);
  const ours: number[] = [];
  const unshared: number[] = [];
  const tcpdump: number[] = [];
  const smallBatches = inParts(capture.batches, UNSHARED);
  const whole: number[] = [];
  // Filled first, as any array is that is used twice: two threads that touch new pages wait for each other.
  const classes = new Uint8Array(PACKETS).fill(1);
  const state = join(folder, 'state.json');
  writeFileSync(state, formatState(MIX_GATEWAY));
  const explain = [
    'dist/bin/ovn-k8s-util.js',
    'explain',
    '--count',
    `--pcap=${capture.path}`,
    `--state=${state}`,
  ];
  const others = Bystander.ofProcesses();
  try {
    for (let run = 0; run < RUNS; run += 1) {
      ours.push(timeClassify(capture.batches, classes));
      unshared.push(timeClassify(smallBatches, classes));
      tcpdump.push(await others.time(['tcpdump', '-n', '--count', '-r', capture.path, FILTER]));
      whole.push(await others.time([process.execPath, ...explain]));
    }
  } finally {
    others.end();
  }
  const decoder = await timeDecoder(capture);
  const differing = await countDiffering(capture);

  const byDecoder: Figure = { name: 'decoder of npm pcap', unit: 'ms', samples: decoder };
  const byTcpdump: Figure = { name: 'tcpdump -r with a filter', unit: 'ms', samples: tcpdump };
  return {
    figures: [
      byDecoder,
      byTcpdump,
      {
        name: 'classify in batch',
        unit: 'ms',
        samples: ours,
        to: byDecoder,
        targets: [{ of: 'median', as: 'ratio', atMost: 0.033 }],
      },
      {
        name: 'classify in batch',
        unit: 'ms',
        samples: ours,
        to: byTcpdump,
        targets: [{ of: 'median', as: 'ratio', atMost: 0.333 }],
      },
      { name: 'classify on one thread', unit: 'ms', samples: unshared, to: byDecoder },
      { name: 'classify on one thread', unit: 'ms', samples: unshared, to: byTcpdump },
      { name: 'explain --count, all of it', unit: 'ms', samples: whole, to: byTcpdump },
      {
        name: 'classes that are not tshark’s',
        unit: 'packets',
        samples: [differing],
        targets: [{ of: 'median', as: 'value', atMost: 0 }],
      },
    ],
  };
}

/** Splits batches into parts of at most `size` frames. */
function inParts(batches: Batches, size: number): Batches {
  return batches.flatMap(([side, { frames, offsets, lengths }]) =>
    Array.from({ length: Math.ceil(offsets.length / size) }, (_, part): [NamedRole, Batch] => {
      const [begin, end] = [part * size, (part + 1) * size];
      return [side, { frames, offsets: offsets.subarray(begin, end), lengths: lengths.subarray(begin, end) }];
    }),
  );
}

function timeClassify(batches: Batches, classes: Uint8Array): number {
  const classifier = new Classifier(MIX_GATEWAY);
  const start = performance.now();
  for (const [side, batch] of batches) classifier.classify(batch, side, classes);
  return performance.now() - start;
}

/** Times the package's decoder as its users call it: it decodes a frame and its header into objects. */
async function timeDecoder({ bytes, placeOf }: Capture): Promise<number[]> {
  const { default: pcap }: { default: typeof import('pcap') } = await import('pcap');
  const decode = (packet: object): unknown => pcap.decode.packet(packet);
  const { log } = console;
  // The decoder logs each frame of an unknown type.
  console.log = () => undefined;
  try {
    return Array.from({ length: DECODER_RUNS }, () => {
      const start = performance.now();
      for (let i = 0; i < PACKETS; i++) {
        const { offset, length } = placeOf(i);
        const buf = bytes.subarray(offset, offset + length);
        decode({ buf, header: bytes.subarray(offset - 16, offset), link_type: 'LINKTYPE_ETHERNET' });
      }
      return performance.now() - start;
    });
  } finally {
    console.log = log;
  }
}

async function countDiffering({ path, packets, batches, sideOf }: Capture): Promise<number> {
  const classifier = new Classifier(MIX_GATEWAY);
  const answers = new Map(
    batches.map(([side, batch]) => {
      const classes = new Uint8Array(batch.offsets.length);
      classifier.classify(batch, side, classes);
      return [side, classes.values()];
    }),
  );
  let differing = 0;
  let seen = 0;
  await tshark(path, (row, index) => {
    const side = sideOf(index);
    if (classOfId(answers.get(side)?.next().value ?? 0) !== classByTshark(row, side)) differing += 1;
    seen += 1;
  });
  return differing + Math.abs(packets - seen);
}
