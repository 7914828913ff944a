import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openUnnamed } from '../../src/host/nft.js';

test('a file for nft has no name, and is in the first folder that can have one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nft-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  // Files in /proc are the kernel's own.
  const file = await openUnnamed(['/nonexistent', '/proc', folder]);
  t.teardown(() => file.close());
  t.is((await file.stat()).nlink, 0);
  t.deepEqual(readdirSync(folder), []);
  await t.throwsAsync(openUnnamed(['/nonexistent']), { code: 'ENOENT' });
});
