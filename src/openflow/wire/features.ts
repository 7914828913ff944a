import type { Message } from './message.js';
import { WireReader } from './reader.js';

/** The features of a switch (OpenFlow 1.4.1 section 7.3.1). */
export interface Features {
  readonly datapathId: bigint;
}

/** @throws MalformedMessage */
export function readFeatures({ body }: Message): Features {
  return { datapathId: new WireReader(body).u64() };
}
