import { closeSync, openSync, writeSync } from 'node:fs';
import { pcapHeader, pcapRecord } from '../../lab/pcap_file.js';
import { trafficMix } from '../../lab/traffic_mix.js';
import type { Batch } from '../../src/demux/classifier.js';
import { NAMED_ROLES, type NamedRole } from '../../src/demux/port_role.js';

/** The number of different frames. A longer capture repeats them, at other places in memory. */
const DISTINCT = 20_000;

/** A capture file of the traffic mix, and the same bytes in memory with the places of its frames. */
export interface Capture {
  readonly path: string;
  readonly packets: number;
  /** The frames that enter at each port. All are in one buffer, the file's bytes. */
  readonly batches: readonly (readonly [NamedRole, Batch])[];
  readonly sideOf: (index: number) => NamedRole;
  readonly placeOf: (index: number) => { readonly offset: number; readonly length: number };
  readonly bytes: Buffer;
}

/** Writes a capture of `packets` frames, a multiple of 20,000, to `path`. */
export function writeCapture(path: string, packets: number): Capture {
  const mix = trafficMix(DISTINCT);
  const header = pcapHeader();
  const block = Buffer.concat(mix.map(({ frame }, i) => pcapRecord(frame, i)));
  const bytes = Buffer.concat([header, ...Array.from({ length: packets / DISTINCT }, () => block)]);
  const file = openSync(path, 'w');
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  closeSync(file);

  const offsets = new Uint32Array(packets);
  const lengths = new Uint32Array(packets);
  let at = header.length;
  for (let i = 0; i < packets; i++) {
    lengths[i] = mix[i % DISTINCT]?.frame.length ?? 0;
    offsets[i] = at + 16;
    at += 16 + (lengths[i] ?? 0);
  }
  const sideOf = (index: number) => mix[index % DISTINCT]?.side ?? 'phys';
  const batches = NAMED_ROLES.map((side): [NamedRole, Batch] => {
    const isOf = (_: number, index: number) => sideOf(index) === side;
    return [side, { frames: bytes, offsets: offsets.filter(isOf), lengths: lengths.filter(isOf) }];
  });
  const placeOf = (index: number) => ({ offset: offsets[index] ?? 0, length: lengths[index] ?? 0 });
  return { path, packets, bytes, batches, sideOf, placeOf };
}
