import test from 'ava';
import { demuxFlows } from '../../src/demux/table.js';
import { formatCookie } from '../../src/openflow/cookie.js';
import { OwnEcho } from '../../src/openflow/own_echo.js';
import { GATEWAY } from '../demux/sample.js';

const [ONE, TWO] = demuxFlows(GATEWAY);
if (ONE === undefined || TWO === undefined) throw new Error('a gateway has flows');
const HEADER = 'NXST_FLOW_MONITOR reply (xid=0x0):';
const added = ({ cookie }: { cookie: bigint }) =>
  ` event=ADDED table=0 cookie=${formatCookie(cookie)} udp,tp_dst=6081 actions=LOCAL`;
const deleted = ({ cookie }: { cookie: bigint }) =>
  ` event=DELETED reason=delete table=0 cookie=${formatCookie(cookie)} udp,tp_dst=6081 actions=LOCAL`;

test('each event of our bundle is ignored once', (t) => {
  const echo = new OwnEcho();
  echo.expect({ add: [ONE], remove: [TWO] });
  t.false(echo.isNews(HEADER));
  t.false(echo.isNews(deleted(TWO)));
  t.false(echo.isNews(added(ONE)));
  t.true(echo.isNews(added(ONE)));
  t.true(echo.isNews(deleted(TWO)));
});

test('every other line of a monitor is a foreign change', (t) => {
  for (const line of [
    added({ cookie: 0n }),
    deleted(ONE),
    ` event=MODIFIED table=0 cookie=${formatCookie(ONE.cookie)} actions=NORMAL`,
    ` event=DELETED reason=idle table=0 cookie=${formatCookie(ONE.cookie)} actions=NORMAL`,
    'NXT_FLOW_MONITOR_PAUSED (xid=0x0):',
    'OFPT_PORT_STATUS (xid=0x0): MOD: 1(eth0): addr:0a:58:cb:00:71:0a',
  ]) {
    const echo = new OwnEcho();
    echo.expect({ add: [ONE], remove: [] });
    t.true(echo.isNews(line), line);
  }
});

test('after a foreign change, events expected before count as foreign too', (t) => {
  const echo = new OwnEcho();
  echo.expect({ add: [ONE, TWO], remove: [] });
  t.true(echo.isNews(deleted(ONE)));
  t.true(echo.isNews(added(ONE)));
  echo.expect({ add: [ONE], remove: [] });
  t.false(echo.isNews(added(ONE)));
});

test('an echo request of the switch is ignored', (t) => {
  const echo = new OwnEcho();
  echo.expect({ add: [ONE], remove: [] });
  t.false(echo.isNews('OFPT_ECHO_REQUEST (xid=0x0): 0 bytes of payload'));
  t.false(echo.isNews(added(ONE)));
});
