import test from 'ava';
import type { NeighbourMessage } from '../../src/neighbour/message.js';
import { RouterBook } from '../../src/neighbour/router_book.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

const [ROUTER, OTHER, US] = [parseIp('203.0.113.1'), parseIp('203.0.113.2'), parseIp('203.0.113.10')];
const mac = (index: number) => parseMac(`02:00:00:00:00:0${index}`);

const says = (index: number, address = ROUTER): NeighbourMessage => ({
  ...{ kind: 'advertisement', family: 4, target: address, sender: address, mac: mac(index) },
});
const asks = (index: number): NeighbourMessage => ({
  ...{ kind: 'request', family: 4, target: US, sender: ROUTER, mac: mac(index) },
});

function following(): RouterBook {
  const book = new RouterBook();
  book.follow([ROUTER]);
  return book;
}

test('only routers that are followed are recorded, and those that are new are returned', (t) => {
  const book = new RouterBook();
  t.false(book.note(says(1), 0));
  t.deepEqual(book.all, []);
  t.deepEqual(book.follow([ROUTER]), [ROUTER]);
  t.deepEqual(book.follow([ROUTER, OTHER]), [OTHER]);
  t.deepEqual([...book.followed], [ROUTER, OTHER]);
});

test('the first MAC of a router is not a change, whether it advertises or asks', (t) => {
  for (const message of [says(1), asks(1)]) {
    const book = following();
    t.false(book.note(message, 0));
    t.deepEqual(book.all, [{ address: ROUTER, macs: [mac(1)], mac: mac(1), changes: 0, changed: 0 }]);
    t.deepEqual(book.changed(0), []);
  }
});

test('another MAC is a problem for ten minutes, and the same MAC again is not reported', (t) => {
  const book = following();
  book.note(says(1), 0);
  t.true(book.note(asks(2), 1_000));
  t.false(book.note(says(1), 2_000));
  t.false(book.note(says(2), 3_000));
  t.deepEqual(book.changed(602_999), [
    { address: ROUTER, macs: [mac(1), mac(2)], mac: mac(2), changes: 3, changed: 3_000 },
  ]);
  t.deepEqual(book.changed(603_000), []);
});

test('after a quiet period the MACs are counted from the start', (t) => {
  const book = following();
  book.note(says(1), 0);
  book.note(says(2), 1_000);
  t.true(book.note(says(1), 700_000));
  t.deepEqual(book.all[0]?.macs, [mac(2), mac(1)]);
});

test('at most four MACs are kept, and every change is counted', (t) => {
  const book = following();
  const news = [1, 2, 3, 4, 5, 6].map((index) => book.note(says(index), index));
  t.deepEqual(news, [false, true, true, true, false, false]);
  t.is(book.all[0]?.macs.length, 4);
  t.is(book.all[0]?.changes, 5);
});

test('a router that is no longer followed is forgotten', (t) => {
  const book = following();
  book.note(says(1), 0);
  book.follow([OTHER]);
  t.deepEqual(book.all, []);
  book.follow([ROUTER]);
  t.false(book.note(says(2), 1_000));
});
