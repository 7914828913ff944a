import { type Message, Type, type Version } from './message.js';
import { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

/** `OFPHET_VERSIONBITMAP`, the only element defined (OpenFlow 1.4.1 section 7.5.1). */
const VERSION_BITMAP = 1;

/** Writes a hello that offers only the writer's version. */
export function writeHello(out: WireWriter, xid: number): void {
  const { version } = out;
  const start = out.begin(Type.hello, xid);
  out.u16(VERSION_BITMAP);
  out.u16(8);
  out.u32(1 << version);
  out.end(start);
}

/**
 * Returns the versions that the peer speaks: those in its bitmap, else all versions up to the header's.
 * @throws MalformedMessage
 */
export function readHello({ version, body }: Message): readonly number[] {
  const reader = new WireReader(body);
  while (reader.remaining >= 4) {
    const type = reader.u16();
    const length = reader.u16();
    const element = reader.part(Math.max(0, length - 4));
    if (type === VERSION_BITMAP && element.remaining >= 4) return bitsOf(element.u32());
    reader.skip(Math.min(reader.remaining, -length & 7));
  }
  return Array.from({ length: version }, (_, i) => i + 1);
}

function bitsOf(bitmap: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (bitmap >>> bit) & 1);
}

/** Formats a version as people write it: `1.4` for 5. */
export function versionName(version: Version | number): string {
  return `1.${version - 1}`;
}
