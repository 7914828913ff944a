/** How deep objects and lists may nest. Kubernetes' own objects nest about 20 levels. */
const MAX_DEPTH = 100;
/** How many values a text may have: even empty ones take 56 bytes each once parsed. A page of 500 pods has 300,000. */
const MAX_VALUES = 400_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Counts the depth and the values of a JSON text while it arrives, before it is parsed: parsing blocks the process and
 * takes up to 20 times the memory of the text. It does not check that the text is JSON.
 */
export class JsonBounds {
  private depth = 0;
  private values = 0;
  private isInString = false;
  /** Whether the last byte was a backslash in a string. */
  private isEscaped = false;

  constructor(
    private readonly most: { readonly depth: number; readonly values: number } = {
      depth: MAX_DEPTH,
      values: MAX_VALUES,
    },
  ) {}

  /** The number of values so far. */
  get count(): number {
    return this.values;
  }

  /** Reads the next part of the text. Returns why the text is refused, or `undefined` while it is not. */
  push(bytes: Uint8Array): string | undefined {
    // Local variables take half the time of fields.
    let { depth, values, isInString } = this;
    const { length } = bytes;
    let i = this.isEscaped && length > 0 ? 1 : 0;
    if (i > 0) this.isEscaped = false;
    while (i < length) {
      if (isInString) {
        let byte = bytes[i++];
        while (byte !== QUOTE && byte !== BACKSLASH && i < length) byte = bytes[i++];
        if (byte === QUOTE) isInString = false;
        else if (byte === BACKSLASH && i++ === length) this.isEscaped = true;
        continue;
      }
      const byte = bytes[i++];
      if (byte === QUOTE) isInString = true;
      else if (byte === COMMA) values++;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        values++;
        if (++depth > this.most.depth) return `nests more than ${this.most.depth} levels`;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth--;
    }
    this.depth = depth;
    this.values = values;
    this.isInString = isInString;
    return values > this.most.values ? `has more than ${this.most.values} values` : undefined;
  }
}
