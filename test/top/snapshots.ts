import type { CaptureSnapshot } from '../../src/capture/packet_capture.js';
import { parseIp } from '../../src/net/ip.js';
import { sampleBetween } from '../../src/top/sample.js';

export const ADDRESS = parseIp('198.51.100.7');

/** A snapshot with `packets` of management, of which `talker` came from {@link ADDRESS}. */
export function snapshot(packets: bigint, talker: bigint): CaptureSnapshot {
  return {
    classes: new Map([
      ['management', { packets, bytes: packets * 100n }],
      ['tunnel', { packets: 0n, bytes: 0n }],
    ]),
    malformed: 1n,
    leaving: { packets: 5n, bytes: 300n },
    dropped: 2n,
    talkers: [{ address: ADDRESS, class: 'management', packets: talker, bytes: talker * 100n }],
    samples: new Map(),
  };
}

/** 1,000 packets of management within 2 s, 200 of them from {@link ADDRESS}. */
export const SAMPLE = sampleBetween(snapshot(100n, 50n), snapshot(1_100n, 250n), 2);
