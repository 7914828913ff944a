import type { Sample, Seen } from '../capture/packet_capture.js';
import { CLASSES, type PacketClass } from '../demux/classes.js';
import type { Count } from '../demux/counters.js';

/** How much came, in all and a second over the last sample. */
export interface Rate extends Count {
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What an interface carried during one sample, and since the start. */
export interface TopSample {
  readonly seconds: number;
  /** In the table's order, those with packets; `truncated` are of no class. */
  readonly classes: ReadonlyMap<PacketClass | 'truncated', Rate>;
  readonly leaving: Rate;
  readonly malformed: bigint;
  readonly dropped: bigint;
  /** One frame of each class that came meanwhile, as much of it as was kept. */
  readonly samples: ReadonlyMap<PacketClass | 'truncated', Sample>;
  /** Most packets in this sample first. */
  readonly talkers: readonly (Rate & { readonly address: string; readonly class: string })[];
}

/** Compares two looks at one capture, `seconds` apart. */
export function sampleBetween(before: Seen, after: Seen, seconds: number): TopSample {
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
  // Who was not in the table then has sent what it counts since, but for what it inherited.
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

/** `--json`: numbers as numbers, nothing that is not one. */
export function sampleJson(device: string, sample: TopSample): string {
  const plain = ({ packets, bytes, packetsPerSecond, bytesPerSecond }: Rate) => ({
    packets: Number(packets),
    bytes: Number(bytes),
    packetsPerSecond,
    bytesPerSecond,
  });
  return JSON.stringify({
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

/** For `explain --hex`. */
function hexOf(sample: Sample | undefined): string | undefined {
  return sample && Buffer.from(sample.frame).toString('hex');
}
