/** How deep objects and lists may nest. Kubernetes' own objects nest about 20 levels. */
const MAX_DEPTH = 100;
/** How many values a text may have: even empty ones take 56 bytes each once parsed. A page of 500 pods has 300,000. */
const MAX_VALUES = 600_000;

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
  private isEscaped = false;

  constructor(
    private readonly most: { readonly depth: number; readonly values: number } = {
      depth: MAX_DEPTH,
      values: MAX_VALUES,
    },
  ) {}

  /** Reads the next part of the text. Returns why the text is refused, or `undefined` while it is not. */
  push(bytes: Uint8Array): string | undefined {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (this.isInString) {
        if (this.isEscaped) this.isEscaped = false;
        else if (byte === BACKSLASH) this.isEscaped = true;
        else if (byte === QUOTE) this.isInString = false;
      } else if (byte === QUOTE) this.isInString = true;
      else if (byte === COMMA) this.values++;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        this.values++;
        if (++this.depth > this.most.depth) return `nests more than ${this.most.depth} levels`;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.depth--;
    }
    return this.values > this.most.values ? `has more than ${this.most.values} values` : undefined;
  }
}
