import test from 'ava';
import { ANNOUNCEMENT_TABLE, announcementFlows } from '../../src/demux/announcement.js';
import { classOfId } from '../../src/demux/classes.js';
import { classIdOf } from '../../src/openflow/cookie.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { PATCH } from './sample.js';

const FLOWS = announcementFlows({ announced: [LOCAL, PATCH], otherwise: [LOCAL, undefined] });

test('two flows compare each bit of the addresses, and two decide', (t) => {
  t.is(FLOWS.length, 2 * 32 + 2);
  t.true(FLOWS.every(({ table }) => table === ANNOUNCEMENT_TABLE));
  t.deepEqual(
    FLOWS.slice(0, 2).map(({ text }) => text),
    [
      'table=2,priority=2,arp,reg0=0,arp_spa=0.0.0.0/0.0.0.1,arp_tpa=0.0.0.0/0.0.0.1 actions=set_field:0x1->reg0,resubmit(,2)',
      'table=2,priority=2,arp,reg0=0,arp_spa=0.0.0.1/0.0.0.1,arp_tpa=0.0.0.1/0.0.0.1 actions=set_field:0x1->reg0,resubmit(,2)',
    ],
  );
});

test('equal addresses go to the one set of ports, all others to the other, and each counts for its class', (t) => {
  t.deepEqual(
    FLOWS.slice(-2).map(({ text, cookie }) => [classOfId(classIdOf(cookie)), text]),
    [
      ['neighbour-reply', 'table=2,priority=2,arp,reg0=0x20 actions=LOCAL,output:2'],
      ['broadcast', 'table=2,priority=1,arp actions=LOCAL'],
    ],
  );
});
