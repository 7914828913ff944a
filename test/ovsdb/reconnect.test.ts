import test from 'ava';
import { ProductError } from '../../src/net/errors.js';
import { type Attempt, Reconnect } from '../../src/ovsdb/reconnect.js';
import { parseRemotes } from '../../src/ovsdb/remotes.js';

const AWAY: Attempt = { failure: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) };
const SILENT: Attempt = { failure: new ProductError('ERR_CONNECT_TIMEOUT', 'no connection in time') };
const REFUSED: Attempt = { failure: new ProductError('ERR_NOT_LEADER', 'this server does not lead') };

function waits(remotes: string, attempts: readonly Attempt[]): number[] {
  const reconnect = new Reconnect(parseRemotes(remotes), () => 0.5);
  return attempts.map((one) => reconnect.after(one));
}

const times = (count: number, one: Attempt) => Array<Attempt>(count).fill(one);

test('a local server where nothing listens is tried ten times a second, a distant one once a second', (t) => {
  t.is(waits('unix:/db.sock', times(100, AWAY)).at(-1), 100);
  t.deepEqual(waits('ssl:192.0.2.1:6641', times(6, AWAY)), [100, 200, 400, 800, 1_000, 1_000]);
  t.is(waits('tcp:192.0.2.1:6641', times(100, SILENT)).at(-1), 1_000);
});

test('a server that refuses is tried less and less often, until it is away or has served for a second', (t) => {
  t.deepEqual(waits('unix:/db.sock', times(8, REFUSED)).slice(-3), [3_200, 6_400, 8_000]);
  t.is(waits('unix:/db.sock', [...times(8, REFUSED), AWAY, REFUSED]).at(-1), 100);
  t.is(waits('unix:/db.sock', [...times(8, REFUSED), { servedMs: 1_000 }]).at(-1), 100);
  t.is(waits('unix:/db.sock', [...times(8, REFUSED), { servedMs: 999 }]).at(-1), 8_000);
});

test('the remotes of a list are tried one after another, and a wait follows the last one', (t) => {
  const remotes = 'tcp:192.0.2.1:6641,tcp:192.0.2.2:6641';
  const reconnect = new Reconnect(parseRemotes(remotes), () => 0.5);
  const tried = [AWAY, AWAY, REFUSED, AWAY, AWAY, AWAY].map((one) => [
    reconnect.remote?.text.at(12),
    reconnect.after(one),
  ]);
  t.deepEqual(tried, [
    ['1', 0],
    ['2', 100],
    ['1', 0],
    ['2', 100],
    ['1', 0],
    ['2', 100],
  ]);
});
