import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { SCHEMAS } from '../../lab/ovsdb_server.js';
import { connect } from '../../src/ovsdb/client.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
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

/** The processor time that a client and its server take over such a copy, in milliseconds. */
async function copyTime(copy: Buffer, rows: number, t: ExecutionContext): Promise<number> {
  const server = await startFakeServer({ get_schema: () => schema, monitor_cond_since: () => copy });
  // Not the time of the clock: other tests have their share of the machine.
  const started = process.cpuUsage();
  const db = await connect(openVswitch, { remotes: server.remote, tables: ['Bridge'], timeoutMs: 20_000 });
  const { user, system } = process.cpuUsage(started);
  t.is(db.table('Bridge').size, rows);
  db.close();
  await server.dispose();
  return (user + system) / 1_000;
}

test.serial('a first copy of 50 MB takes twice the time of one of 25 MB', async (t) => {
  const [half, whole] = [reply(25), reply(50)];
  t.true(whole.length > 45e6 && whole.length < 55e6, String(whole.length));
  const times: { halfMs: number; wholeMs: number }[] = [];
  for (let run = 0; run < 4; run++) {
    times.push({
      halfMs: await copyTime(half, 25_000, t),
      wholeMs: await copyTime(whole, 50_000, t),
    });
  }
  const halfMs = Math.min(...times.map((one) => one.halfMs));
  const wholeMs = Math.min(...times.map((one) => one.wholeMs));
  t.log(`${Math.round(halfMs)} ms and ${Math.round(wholeMs)} ms`);
  // Four times would be quadratic.
  t.true(wholeMs / halfMs <= 3, `${wholeMs} / ${halfMs}`);
  t.true(wholeMs < 5_000, String(wholeMs));
});
