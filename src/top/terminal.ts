import type { ReadStream, WriteStream } from 'node:tty';

/** Control sequences of ECMA-48 and xterm ("Private Modes"): alternate screen, cursor off, home, and clear. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

const CTRL_C = '\x03';

/** Draws on a terminal's alternate screen. {@link close} restores the terminal. */
export class Screen {
  private readonly onKeys: (keys: Buffer) => void;

  constructor(
    private readonly input: ReadStream,
    private readonly output: WriteStream,
    /** Called at q or Ctrl-C. In raw mode Ctrl-C is a character and no signal. */
    quit: () => void,
  ) {
    this.onKeys = (keys) => {
      if (/[qQ]/.test(keys.toString()) || keys.includes(CTRL_C)) quit();
    };
    output.write(ENTER);
    if (input.isTTY) input.setRawMode(true);
    input.on('data', this.onKeys);
  }

  get rows(): number {
    return this.output.rows;
  }

  get columns(): number {
    return this.output.columns;
  }

  draw(lines: readonly string[]): void {
    this.output.write(HOME + lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n') + CLEAR_BELOW);
  }

  close(): void {
    this.input.off('data', this.onKeys);
    if (this.input.isTTY) this.input.setRawMode(false);
    this.input.pause();
    this.output.write(LEAVE);
  }
}
