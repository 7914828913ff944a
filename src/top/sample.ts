import type { ClassName } from '../capture/counts.js';
import type { CaptureSnapshot, SampleFrame } from '../capture/packet_capture.js';
import { CLASSES } from '../demux/classes.js';
import type { Count } from '../demux/counters.js';
import { printableJson } from '../net/printable.js';

/** The total since the start, and the rate over one sample. */
export interface Rate extends Count {
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** The traffic of an interface during one sample, and since the start. */
export interface TopSample {
  readonly seconds: number;
  /** The classes that have packets: `truncated`, then the table's order. */
  readonly classes: ReadonlyMap<ClassName, Rate>;
  readonly leaving: Rate;
  readonly malformed: bigint;
  readonly dropped: bigint;
  /** One frame of each class that arrived during the sample. */
  readonly samples: ReadonlyMap<ClassName, SampleFrame>;
  /** The highest rate first. */
  readonly talkers: readonly (Rate & { readonly address: string; readonly class: string })[];
}

/** Computes the rates between two snapshots of one capture, `seconds` apart. */
export function sampleBetween(before: CaptureSnapshot, after: CaptureSnapshot, seconds: number): TopSample {
  const rateOf = (was: Count | undefined, now: Count): Rate => ({
    ...now,
    packetsPerSecond: Number(now.packets - (was?.packets ?? 0n)) / seconds,
    bytesPerSecond: Number(now.bytes - (was?.bytes ?? 0n)) / seconds,
  });
  const classes = (['truncated', ...CLASSES] as const).flatMap((name) => {
    const now = after.classes.get(name);
    return now === undefined || now.packets === 0n
      ? []
      : [[name, rateOf(before.classes.get(name), now)] as const];
  });
  // A talker that is new in the table of talkers starts at 0: all that it counts was sent during this sample, except for
  // the count that it inherited from the talker it replaced.
  const earlier = new Map(before.talkers.map((one) => [`${one.class} ${one.address}`, one]));
  return {
    seconds,
    classes: new Map(classes),
    leaving: rateOf(before.leaving, after.leaving),
    malformed: after.malformed,
    dropped: after.dropped,
    samples: after.samples,
    talkers: after.talkers
      .map((one) => ({ ...one, ...rateOf(earlier.get(`${one.class} ${one.address}`), one) }))
      .sort((a, b) => b.packetsPerSecond - a.packetsPerSecond),
  };
}

/** Formats a sample for `--json`: every count is a number. */
export function sampleJson(device: string, sample: TopSample): string {
  const plain = ({ packets, bytes, packetsPerSecond, bytesPerSecond }: Rate) => ({
    packets: Number(packets),
    bytes: Number(bytes),
    packetsPerSecond,
    bytesPerSecond,
  });
  return printableJson({
    interface: device,
    seconds: sample.seconds,
    classes: Object.fromEntries(
      [...sample.classes].map(([name, rate]) => [
        name,
        { ...plain(rate), sample: hexOf(sample.samples.get(name)) },
      ]),
    ),
    leaving: plain(sample.leaving),
    malformed: Number(sample.malformed),
    dropped: Number(sample.dropped),
    talkers: sample.talkers.map((one) => ({ address: one.address, class: one.class, ...plain(one) })),
  });
}

/** Formats a frame as `explain --hex` reads it. */
function hexOf(sample: SampleFrame | undefined): string | undefined {
  return sample && Buffer.from(sample.frame).toString('hex');
}
