import test from 'ava';
import { BridgeSettings } from '../../src/gateway/apply_settings.js';
import type { FlowChannel, FragmentMode } from '../../src/openflow/channel.js';
import type { Ofport } from '../../src/openflow/ofport.js';
import { GATEWAY, PATCH, port } from '../demux/sample.js';

/** The settings of a switch in memory. It counts how often they are read. */
class Switch {
  fragments: FragmentMode = 'normal';
  readonly noFlood = new Set<Ofport>();
  reads = 0;

  readonly channel = {
    readSettings: async () => {
      this.reads++;
      return { fragments: this.fragments, noFlood: this.noFlood };
    },
    setFragments: async (mode: FragmentMode) => {
      this.fragments = mode;
    },
    setNoFlood: async (ofport: Ofport) => {
      this.noFlood.add(ofport);
    },
  } as unknown as FlowChannel;
}

test('a setting that differs is set and reported, and a correct setting is left alone', async (t) => {
  const ovs = new Switch();
  const settings = new BridgeSettings(ovs.channel);
  t.deepEqual(await settings.reconcile(GATEWAY), ['fragments normal -> nx-match', 'port 2 no-flood']);
  t.is(ovs.fragments, 'nx-match');
  t.deepEqual([...ovs.noFlood], [PATCH]);
  settings.doubt();
  t.deepEqual(await settings.reconcile(GATEWAY), []);
});

test('settings are read only while in doubt, or when the patch port is new', async (t) => {
  const ovs = new Switch();
  const settings = new BridgeSettings(ovs.channel);
  await settings.reconcile(GATEWAY);
  await settings.reconcile(GATEWAY);
  t.is(ovs.reads, 1);
  t.deepEqual(await settings.reconcile({ ...GATEWAY, patch: port(7) }), ['port 7 no-flood']);
  t.is(ovs.reads, 2);
});

test('settings stay in doubt after a failure', async (t) => {
  const ovs = new Switch();
  const settings = new BridgeSettings({
    ...ovs.channel,
    setNoFlood: async () => {
      throw new Error('the switch is away');
    },
  });
  await t.throwsAsync(settings.reconcile(GATEWAY), { message: 'the switch is away' });
  await t.throwsAsync(settings.reconcile(GATEWAY));
  t.is(ovs.reads, 2);
});

test('a doubt that comes while the settings are read has them read again', async (t) => {
  const ovs = new Switch();
  const settings: BridgeSettings = new BridgeSettings({
    ...ovs.channel,
    readSettings: async () => {
      const found = await ovs.channel.readSettings();
      // The switch restarts once, right after it has answered.
      if (ovs.reads === 1) settings.doubt();
      return found;
    },
  });
  await settings.reconcile(GATEWAY);
  ovs.fragments = 'normal';
  t.deepEqual(await settings.reconcile(GATEWAY), ['fragments normal -> nx-match']);
  t.deepEqual(await settings.reconcile(GATEWAY), []);
  t.is(ovs.reads, 2);
});

test('without a patch port only the fragments are set', async (t) => {
  const ovs = new Switch();
  await new BridgeSettings(ovs.channel).reconcile({ ...GATEWAY, patch: undefined });
  t.is(ovs.fragments, 'nx-match');
  t.is(ovs.noFlood.size, 0);
});
