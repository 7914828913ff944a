import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../net/errors.js';
import type { Snapshot } from './snapshot.js';

/**
 * What was on the interface when a move began, kept until it has ended: whoever finds it knows that a move was cut
 * off, and what must not be lost.
 */
export class Journal {
  private readonly path: string;

  constructor(rundir: string, nic: string) {
    this.path = join(rundir, `ovn-k8s-util.${nic}.json`);
  }

  /** The file that the lines of one `ip -batch` go to. */
  batchFile(name: string): string {
    return `${this.path}.${name}`;
  }

  read(): Snapshot | undefined {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as Snapshot;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new ProductError('ERR_JOURNAL', `cannot read ${this.path}, left by a move that was cut off`, {
        cause: error,
      });
    }
  }

  /** @throws ProductError `ERR_JOURNAL` */
  write(snapshot: Snapshot): void {
    this.put(this.path, JSON.stringify(snapshot));
  }

  writeBatch(name: string, lines: readonly string[]): string {
    const file = this.batchFile(name);
    this.put(file, lines.map((line) => `${line}\n`).join(''));
    return file;
  }

  remove(batches: readonly string[]): void {
    for (const name of batches) rmSync(this.batchFile(name), { force: true });
    rmSync(this.path, { force: true });
  }

  private put(path: string, text: string): void {
    try {
      writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
      renameSync(`${path}.tmp`, path);
    } catch (error) {
      throw new ProductError('ERR_JOURNAL', `cannot write ${path}`, { cause: error });
    }
  }
}

/**
 * What a move that was cut off and is taken up again must bring over: what is left on the interface, and what
 * the journal had that is on neither interface now.
 */
export function resumed(now: Snapshot, journal: Snapshot, moved: Snapshot): Snapshot {
  const addressKey = ({ local, prefixlen }: Snapshot['addresses'][number]) => `${local}/${prefixlen}`;
  const routeKey = ({ family, dst, table, metric, tos }: Snapshot['routes'][number]) =>
    [family, dst, table ?? 'main', metric ?? 0, tos ?? 0].join(' ');
  const ruleKey = ({ family, priority, iif, oif, table }: Snapshot['rules'][number]) =>
    [family, priority, iif === now.device || iif === moved.device, oif, table].join(' ');
  const lost = <T>(kind: (snapshot: Snapshot) => readonly T[], key: (one: T) => string): readonly T[] => {
    const there = new Set([...kind(now), ...kind(moved)].map(key));
    return [...kind(now), ...kind(journal).filter((one) => !there.has(key(one)))];
  };
  return {
    ...now,
    addresses: lost(({ addresses }) => addresses, addressKey),
    routes: lost(({ routes }) => routes, routeKey),
    rules: lost(({ rules }) => rules, ruleKey),
    neighbours: lost(
      ({ neighbours }) => neighbours,
      ({ dst }) => dst,
    ),
  };
}
