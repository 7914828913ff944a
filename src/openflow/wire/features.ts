import type { Message } from './message.js';
import { WireReader } from './reader.js';

/** What a switch says it is (OpenFlow 1.4.1 section 7.3.1). */
export interface Features {
  readonly datapathId: bigint;
  readonly tables: number;
}

/** @throws MalformedMessage */
export function readFeatures({ body }: Message): Features {
  const reader = new WireReader(body);
  const datapathId = reader.u64();
  reader.skip(4);
  return { datapathId, tables: reader.u8() };
}
