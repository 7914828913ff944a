import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { residentMb } from '../../bench/lab/process_stat.js';
import type { Node } from '../../lab/cluster.js';
import { PRODUCT } from '../../lab/faults/daemons.js';
import type { FaultStage } from '../../lab/faults/stage.js';
import type { Sample } from './growth.js';

/** Returns what each running daemon of the product has now, by `HOST PROGRAM`. */
export async function sampleDaemons({ cluster }: FaultStage, atMs: number): Promise<Map<string, Sample>> {
  const all = cluster.nodes.flatMap((node) => Object.values(PRODUCT).map((program) => ({ node, program })));
  const samples = await Promise.all(
    all.map(async ({ node, program }) => {
      const sample = await sampleOne(node, program, atMs).catch(unlessGone);
      return [`${node.host.label} ${program}`, sample] as const;
    }),
  );
  return new Map(
    samples.flatMap(([name, sample]) => (sample === undefined ? [] : [[name, sample] as const])),
  );
}

async function sampleOne({ host }: Node, program: string, atMs: number): Promise<Sample> {
  const pid = Number(await readFile(join(host.rundir, `${program}.pid`), 'utf8'));
  const descriptors = await readdir(`/proc/${pid}/fd`);
  return { atMs, pid, residentMb: await residentMb(pid), descriptors: descriptors.length };
}

/** A daemon that does not run on a host, or was killed a moment ago, has no sample. */
function unlessGone(error: unknown): undefined {
  const isGone =
    error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code));
  if (!isGone) throw error;
}
