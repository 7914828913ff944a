import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runIpBatch } from '../../host/iproute_write.js';

/** Runs lines as one `ip -batch -force`. A line that fails, such as one that adds what is there, does not matter. */
export async function runLines(lines: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ovn-k8s-lines-'));
  try {
    const file = join(folder, 'batch');
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    await runIpBatch(file, { force: true }).catch(() => {});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
