import test from 'ava';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Controller } from '../../src/gateway/controller.js';
import { NO_CLAIMS } from '../../src/gateway/services.js';
import { parseMac } from '../../src/net/mac.js';
import { CHANNELS } from '../../src/openflow/channels.js';
import { LOCAL, type Ofport } from '../../src/openflow/ofport.js';
import type { BridgePort } from '../../src/switch/bridge_facts.js';
import { port } from '../demux/sample.js';

const AUDIT_MS = 100;
const PATCH = `k8s-patch-${BRIDGE}-br-int`;

const bridgePort = (name: string, ofport: Ofport): BridgePort => ({
  uuid: name,
  name,
  type: '',
  ofport,
  mac: name === BRIDGE ? parseMac('0a:58:cb:00:71:0a') : undefined,
});

for (const name of ['ofctl', 'openflow'] as const) {
  test(`${name}: settings that somebody changed, of which the switch says nothing, are put right at the next audit`, async (t) => {
    const ovs = await DummySwitch.start();
    const stop = new AbortController();
    const channel = CHANNELS[name]({ bridge: BRIDGE, rundir: ovs.rundir });
    const said: string[] = [];
    const bridge = {
      uuid: 'bridge',
      name: BRIDGE,
      ports: [bridgePort(BRIDGE, LOCAL), bridgePort('p1', port(1)), bridgePort(PATCH, port(2))],
      externalIds: new Map([['k8s-physical-ip', '203.0.113.10/24']]),
    };
    const controller = new Controller({
      intent: { bridge: BRIDGE, physicalInterface: 'p1', demux: 'conntrack' },
      channel,
      log: { ...SILENT, info: (line) => said.push(line) },
      signal: stop.signal,
      learn: () => ({ bridge, localAddresses: [], services: NO_CLAIMS }),
      mend: async () => undefined,
      otherProblems: () => [],
      auditMs: AUDIT_MS,
    });
    const running = controller.run();
    t.teardown(async () => {
      stop.abort();
      await running;
      await ovs.dispose();
    });
    await controller.syncNow();
    t.regex(await ovs.ofctl('get-frags'), /nx-match/);
    const before = { ...controller.totals };
    for (const mode of ['normal', 'drop']) {
      await ovs.ofctl('set-frags', mode);
      await until('the mode to be put right', async () =>
        when(/nx-match/.test(await ovs.ofctl('get-frags'))),
      );
      t.true(said.includes(`${BRIDGE}: fragments ${mode} -> nx-match`), said.join('\n'));
    }
    await ovs.ofctl('mod-port', '2', 'flood');
    await until('the port to be put right', async () => when(/NO_FLOOD/.test(await ovs.ofctl('show'))));
    t.is(controller.totals.bundles, before.bundles, 'and no flow was touched for it');
  });
}
