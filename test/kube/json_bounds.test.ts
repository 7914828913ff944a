import test from 'ava';
import fc from 'fast-check';
import { JsonBounds } from '../../src/kube/json_bounds.js';

/** Returns how many values a text may have at least to be accepted: one for each comma, list and object. */
function valuesOf(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 0;
  const parts = Object.values(json);
  return 1 + Math.max(0, parts.length - 1) + parts.reduce((sum, one) => sum + valuesOf(one), 0);
}

test('values are counted outside of strings only, however the text is cut', (t) => {
  const text = fc.string({ unit: fc.constantFrom('"', '\\', ',', '{', ']', 'a', 'ä') });
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      text,
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(text, tie('json'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(json, fc.integer({ min: 1, max: 7 }), (value, size) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const push = (values: number) => {
        const bounds = new JsonBounds({ depth: 100, values });
        let found: string | undefined;
        for (let at = 0; at < bytes.length; at += size) found ??= bounds.push(bytes.subarray(at, at + size));
        return found;
      };
      const count = valuesOf(value);
      t.is(push(count), undefined);
      if (count > 0) t.is(push(count - 1), `has more than ${count - 1} values`);
    }),
    { numRuns: 1_000 },
  );
});
