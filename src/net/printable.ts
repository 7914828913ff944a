/** The most characters that one value from outside takes in a message, such as a name, an annotation or a peer's error. */
const MAX_VALUE = 200;
/** The most characters of one line of a log, of `status` or of a command's output. */
const MAX_LINE = 2_000;

/**
 * Characters that a terminal obeys instead of showing: C0, DEL and C1 (ECMA-48), separators of lines and paragraphs, the
 * marks that reorder text (Unicode UAX #9, Bidi_Control); and halves of a surrogate pair.
 */
const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const CONTROLS_BUT_NEWLINE = /(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const LONG_WORD = new RegExp(`[^\\s,;]{${MAX_VALUE + 1},}`, 'g');

/** Escapes the control characters of a text of several lines as JSON does, `\u001b`. A newline stays. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS_BUT_NEWLINE, escaped);
}

/**
 * Returns one value from outside as part of a message: control characters escaped, 200 characters at most. Only a value
 * with spaces needs this call, such as a peer's error text: {@link printableLine} cuts words.
 */
export function printable(value: string): string {
  return cut(cut(value, MAX_VALUE).replace(CONTROLS, escaped), MAX_VALUE);
}

/**
 * Returns a message as one line: each newline is a space, other control characters are escaped, each run
 * without space, comma or semicolon has 200 characters at most and the line 2,000. Log lines, problems, errors and output of commands pass here, so that the code
 * that makes a message can put any text into it.
 */
export function printableLine(message: string): string {
  // The first cut bounds the work. What it removes would not be shown.
  const line = cut(message, 10 * MAX_LINE)
    .replaceAll('\n', ' ')
    .replace(CONTROLS, escaped)
    .replace(LONG_WORD, (word) => cut(word, MAX_VALUE));
  return cut(line, MAX_LINE);
}

/** Formats a value as JSON for scripts: no raw control character, and strings of 2,000 characters at most. */
export function printableJson(value: unknown, indent?: number): string {
  const short = (_key: string, one: unknown) => (typeof one === 'string' ? cut(one, MAX_LINE) : one);
  return escapeControls(JSON.stringify(value, short, indent));
}

/** Cuts in the middle, because a message names its object at the start and the remedy at the end. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const tail = Math.floor(limit / 4);
  return `${text.slice(0, limit - tail - 1)}…${text.slice(-tail)}`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
