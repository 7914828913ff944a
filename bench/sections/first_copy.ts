import { readFile } from 'node:fs/promises';
import { SCHEMAS } from '../../lab/ovsdb_server.js';
import { connect } from '../../src/ovsdb/client.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { startFakeServer } from '../../test/ovsdb/fake_server.js';
import type { Figure, Report, Section } from '../figure.js';

const RUNS = 5;
const SMALL_MB = 25;
const LARGE_MB = 50;
const ROWS_PER_MB = 1_000;

export const firstCopy: Section = {
  name: 'first-copy',
  about: [
    `The processor time of this process for the first copy of a database of ${SMALL_MB} MB and one of ${LARGE_MB} MB, alternating: a server`,
    'in this process sends the reply of a monitor in one piece, and the client splits, parses and stores it. Time that is',
    'linear in the size doubles; quadratic time would be four times as much.',
  ],

  async measure(): Promise<Report> {
    const schema: unknown = JSON.parse(await readFile(SCHEMAS.Open_vSwitch, 'utf8'));
    const replies = [SMALL_MB, LARGE_MB].map((megabytes) => ({ megabytes, reply: replyOf(megabytes) }));
    const samples = new Map<number, number[]>([SMALL_MB, LARGE_MB].map((megabytes) => [megabytes, []]));
    for (let run = 0; run < RUNS; run += 1) {
      for (const { megabytes, reply } of replies) {
        samples.get(megabytes)?.push(await copyTime(schema, reply, megabytes * ROWS_PER_MB));
      }
    }
    const figure = (megabytes: number): Figure => ({
      name: `first copy of ${megabytes} MB`,
      unit: 'ms',
      samples: samples.get(megabytes) ?? [],
    });
    const small = figure(SMALL_MB);
    const targets = [
      { of: 'median', as: 'ratio', atMost: 3 },
      { of: 'median', as: 'value', atMost: 5_000 },
    ] as const;
    return { figures: [small, { ...figure(LARGE_MB), to: small, targets }] };
  },
};

/** Returns the reply to `monitor_cond_since` with 1,000 bridges of 1 kB for each megabyte. */
function replyOf(megabytes: number): Buffer {
  const rows = Array.from({ length: megabytes * ROWS_PER_MB }, (_, i) => {
    const ids = JSON.stringify([[`key-${i}`, 'x'.repeat(830)]]);
    return `"${String(i).padStart(8, '0')}-0000-4000-8000-000000000000":{"initial":{"name":"br${i}","external_ids":["map",${ids}],"other_config":["map",[]]}}`;
  });
  return Buffer.from(`[false,"txn",{"Bridge":{${rows.join(',')}}}]`);
}

/** Returns the processor time that a client and its server take for the copy, in milliseconds. */
async function copyTime(schema: unknown, reply: Buffer, rows: number): Promise<number> {
  const server = await startFakeServer({ get_schema: () => schema, monitor_cond_since: () => reply });
  try {
    const started = process.cpuUsage();
    const db = await connect(openVswitch, {
      remotes: server.remote,
      tables: ['Bridge'],
      timeoutMs: 20_000,
    });
    const { user, system } = process.cpuUsage(started);
    const { size } = db.table('Bridge');
    db.close();
    if (size !== rows) throw new Error(`the copy has ${size} rows, not ${rows}`);
    return (user + system) / 1_000;
  } finally {
    await server.dispose();
  }
}
