import test from 'ava';
import fc from 'fast-check';
import { escapeControls, printable, printableJson, printableLine } from '../../src/net/printable.js';

/** Whether a terminal would obey a character instead of showing it. */
const isControl = (code: number) =>
  code < 0x20 ||
  (code >= 0x7f && code <= 0x9f) ||
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069) ||
  [0x061c, 0x200e, 0x200f, 0x2028, 0x2029].includes(code);
const controlsIn = (text: string) =>
  Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)).filter(isControl);

/** Any text, with many control characters and sometimes far too long. */
const hostile = fc
  .tuple(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom(
        '\x1b',
        '\n',
        '\r',
        '\t',
        '\x7f',
        '\x9b',
        '\u202e',
        '\u2066',
        '\ud83d',
        'a',
        ' ',
        ',',
      ),
    }),
    fc.constantFrom(1, 1, 1, 400),
  )
  .map(([any, controls, times]) => (any + controls).repeat(times));

test('whatever a message has, its line has no control character and 2,000 characters at most', (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const line = printableLine(text);
      t.deepEqual(controlsIn(line), []);
      t.true(line.length <= 2_000, String(line.length));
      t.false(/[^\s,;]{201}/.test(line));
    }),
  );
});

test('whatever a value is, it has no control character and 200 characters at most', (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      t.deepEqual(controlsIn(printable(text)), []);
      t.true(printable(text).length <= 200);
    }),
  );
});

test('JSON for scripts stays JSON, without a control character and with bounded strings', (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const json = printableJson({ problems: [text] });
      t.deepEqual(controlsIn(json), []);
      const { problems } = JSON.parse(json) as { problems: string[] };
      if (text.length <= 2_000) t.is(problems[0], text.toString());
      t.true((problems[0] ?? '').length <= 2_000);
    }),
  );
});

test('a reply of several lines keeps them, and JSON in it stays JSON of the same value', (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      t.deepEqual(
        controlsIn(escapeControls(text)).filter((code) => code !== 0x0a),
        [],
      );
      t.is(escapeControls(text).split('\n').length, text.split('\n').length);
      t.is(JSON.parse(escapeControls(JSON.stringify(text))), text);
    }),
  );
});

test('ordinary text stays as it is, in any script', (t) => {
  for (const text of ['Service default/web: ports 80, 443', 'größer · 日本語 · 🙂', 'a\\b "c"']) {
    t.is(printableLine(text), text);
    t.is(printable(text), text);
  }
});

test('a control character is shown as its number, and a long message keeps its start and its end', (t) => {
  t.is(printableLine('\x1b]0;owned\x07\r\nnext\u202e'), '\\u001b]0;owned\\u0007\\u000d next\\u202e');
  const line = printableLine(`Service a/b: ${'x'.repeat(262_144)}; delete it`);
  t.regex(line, /^Service a\/b: x{149}…x{50}; delete it$/);
  const spaced = printableLine(`Service a/b: ${'x '.repeat(131_072)}; delete it`);
  t.is(spaced.length, 2_000);
  t.true(spaced.startsWith('Service a/b: x x'));
  t.true(spaced.endsWith('x ; delete it'));
});
