// A switch that accepts connections and cannot be watched must not keep the helper, or the machine, busy.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execaSync } from 'execa';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { until, when } from '../../lab/until.js';
import type { SwitchNews } from '../../src/openflow/channel.js';
import { CHANNELS, type ChannelName } from '../../src/openflow/channels.js';

const WINDOW_MS = 3_000;
/** Attempts in the window: after 15 ms, 30 ms, and so on, the eighth is 1.9 s after the seventh. */
const AT_MOST = 9;

/** Watches a switch; `attempts` counts the news, of which the ofctl channel sends one after each failed attempt. */
function watch(t: ExecutionContext, name: ChannelName, rundir: string) {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const news: SwitchNews[] = [];
  const channel = CHANNELS[name]({ bridge: BRIDGE, rundir });
  channel.watch((one) => news.push(one), stop.signal);
  return { channel, news };
}

async function awaitWindow(): Promise<void> {
  const end = performance.now() + WINDOW_MS;
  await until('the end of the window', () => when(performance.now() > end));
}

/** A peer that accepts each connection and closes it at once. */
async function closingPeer(t: ExecutionContext) {
  const rundir = mkdtempSync(join(tmpdir(), 'closing-'));
  const counted = { connections: 0 };
  const server = createServer((socket) => {
    counted.connections++;
    socket.on('error', () => {});
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(join(rundir, `${BRIDGE}.mgmt`), resolve));
  t.teardown(() => {
    server.close();
    rmSync(rundir, { recursive: true });
  });
  return { rundir, counted };
}

test.serial('ofctl: a bridge without OpenFlow 1.0 is asked less and less often, and named', async (t) => {
  const ovs = await DummySwitch.start('OpenFlow15');
  t.teardown(() => ovs.dispose());
  const { channel, news } = watch(t, 'ofctl', ovs.rundir);
  await awaitWindow();
  t.true(news.length >= 4 && news.length <= AT_MOST, `${news.length} attempts`);
  t.is(
    channel.reason(),
    'version negotiation failed (we support version 0x01, peer supports version 0x06); see "protocols" of its Bridge row',
  );
  await ovs.vsctl('set', 'Bridge', BRIDGE, 'protocols=[]');
  await until('the switch to be watched', () => when(news.at(-1) === 'up'), 9_000);
  t.is(channel.reason(), undefined);
});

test.serial('ofctl: a missing setpriv is looked for less and less often, and named', async (t) => {
  const ovs = await DummySwitch.start();
  const bin = mkdtempSync(join(tmpdir(), 'bin-'));
  const { PATH } = process.env;
  t.teardown(async () => {
    process.env.PATH = PATH;
    rmSync(bin, { recursive: true });
    await ovs.dispose();
  });
  symlinkSync(execaSync('which', ['ovs-ofctl']).stdout, join(bin, 'ovs-ofctl'));
  process.env.PATH = bin;
  const { channel, news } = watch(t, 'ofctl', ovs.rundir);
  await awaitWindow();
  t.true(news.length >= 4 && news.length <= AT_MOST, `${news.length} attempts`);
  t.is(channel.reason(), 'cannot run setpriv, which is in the package util-linux');
});

for (const name of ['ofctl', 'openflow'] as const) {
  test.serial(
    `${name}: a peer that closes each connection at once is asked less and less often`,
    async (t) => {
      const { rundir, counted } = await closingPeer(t);
      const { channel, news } = watch(t, name, rundir);
      await awaitWindow();
      // Two a time for ofctl: one finds out that something listens, and ovs-ofctl makes the other.
      const limit = name === 'ofctl' ? 2 * AT_MOST : AT_MOST;
      t.true(counted.connections >= 4 && counted.connections <= limit, `${counted.connections} connections`);
      t.false(news.includes('up'));
      t.regex(
        channel.reason() ?? '',
        /failed to connect|Broken pipe|Connection reset|closed the connection|ECONNRESET|EPIPE/,
      );
    },
  );
}

test.serial('openflow: a bridge without OpenFlow 1.4 is watched soon after it has it', async (t) => {
  const ovs = await DummySwitch.start('OpenFlow15');
  t.teardown(() => ovs.dispose());
  const { channel, news } = watch(t, 'openflow', ovs.rundir);
  await until('the reason', () => when(channel.reason() !== undefined));
  await ovs.vsctl('set', 'Bridge', BRIDGE, 'protocols=[]');
  await until('the switch to be watched', () => when(news.at(-1) === 'up'), 9_000);
  t.is(channel.reason(), undefined);
});

for (const name of ['ofctl', 'openflow'] as const) {
  test.serial(`${name}: a switch that restarts again and again is watched at once each time`, async (t) => {
    const ovs = await DummySwitch.start();
    t.teardown(() => ovs.dispose());
    const { news } = watch(t, name, ovs.rundir);
    await until('the switch to be watched', () => when(news.at(-1) === 'up'));
    for (let round = 0; round < 10; round++) {
      await ovs.killSwitch();
      await until('its end', () => when(news.at(-1) === 'down'));
      const end = performance.now();
      await until('the channel to find that nothing listens', () => when(performance.now() > end + 60));
      await ovs.startSwitch();
      const began = performance.now();
      await until('the switch to be watched', () => when(news.at(-1) === 'up'));
      t.true(performance.now() - began < 1_000, `round ${round}: ${performance.now() - began} ms`);
    }
  });
}
