import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { connect } from '../../src/ovsdb/client.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { SCHEMAS } from '../lab/ovsdb_server.js';
import { startFakeServer } from './fake_server.js';

const schema = JSON.parse(await readFile(SCHEMAS.Open_vSwitch, 'utf8'));

/** A first copy of about `megabytes` MB. */
function reply(megabytes: number): Buffer {
  const rows = Array.from({ length: megabytes * 1_000 }, (_, i) => {
    const ids = JSON.stringify([[`key-${i}`, 'x'.repeat(830)]]);
    return `"${String(i).padStart(8, '0')}-0000-4000-8000-000000000000":{"initial":{"name":"br${i}","external_ids":["map",${ids}],"other_config":["map",[]]}}`;
  });
  return Buffer.from(`[false,"txn",{"Bridge":{${rows.join(',')}}}]`);
}

/** The least time of `runs` that a client takes to have such a copy, in milliseconds. */
async function copyTime(copy: Buffer, rows: number, t: ExecutionContext, runs = 3) {
  const server = await startFakeServer({ get_schema: () => schema, monitor_cond_since: () => copy });
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    const db = await connect(openVswitch, { remotes: server.remote, tables: ['Bridge'], timeoutMs: 20_000 });
    times.push(performance.now() - started);
    t.is(db.table('Bridge').size, rows);
    db.close();
  }
  await server.dispose();
  return Math.min(...times);
}

test.serial('a first copy of 50 MB takes twice the time of one of 25 MB', async (t) => {
  const [half, whole] = [reply(25), reply(50)];
  t.true(whole.length > 45e6 && whole.length < 55e6, String(whole.length));
  await copyTime(half, 25_000, t, 1);
  const [halfMs, wholeMs] = [await copyTime(half, 25_000, t), await copyTime(whole, 50_000, t)];
  t.log(`${Math.round(halfMs)} ms and ${Math.round(wholeMs)} ms`);
  t.true(wholeMs / halfMs <= 2.6, `${wholeMs} / ${halfMs}`);
  t.true(wholeMs < 3_000, String(wholeMs));
});
