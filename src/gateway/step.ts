import type { LoopWork } from '../daemon/loop.js';
import { Memo } from '../daemon/memo.js';
import type { Problems } from '../daemon/problems.js';
import type { LocalDatabase } from '../switch/connection.js';
import { NODE_NAME } from '../switch/external_ids.js';
import type { Announcer } from './apply_announcements.js';
import { applyPatchPair } from './apply_patch_pair.js';
import type { BridgeKeeper } from './bridge_keeper.js';
import type { Intent } from './options.js';
import type { Sources } from './sources.js';
import { readBridgeState } from './state_bridge.js';
import { knownExposure } from './state_exposure.js';

export interface StepContext {
  readonly intent: Intent;
  readonly db: LocalDatabase;
  readonly sources: Sources;
  readonly keeper: BridgeKeeper;
  readonly announcer: Announcer;
  readonly problems: Problems;
}

/** Returns the work of the helper's loop: reads the sources, computes the state and its flows, and applies them. */
export function gatewayWork({ intent, db, sources, keeper, announcer, problems }: StepContext): LoopWork {
  const { ovs, bridge, addresses, services, northbound, routers, neighbours } = sources;
  const bridgeStates = new Memo((facts: typeof bridge.facts, local: typeof addresses.addresses) =>
    readBridgeState(facts, local, intent),
  );
  return {
    async step() {
      const { facts } = bridge;
      const node = facts?.externalIds.get(NODE_NAME);
      const { bridgeState, problems: found } = bridgeStates.get(facts, addresses.addresses);
      problems.set('state', found);
      northbound.check(node, bridgeState);

      const { isConfigured } = services;
      const isFirstGateway = northbound.isFirstGateway(node);
      const known = knownExposure({ isConfigured, isFirstGateway, exposed: services.take() });
      const state = await keeper.keep(bridgeState, known);
      if (state === undefined || facts === undefined) return;

      // Only now may OVN send and receive on the bridge: the flows that classify its traffic are in place.
      await applyPatchPair(db, facts);
      neighbours.follow(state, routers.routers);
      if (neighbours.socket !== undefined) announcer.announce(state, neighbours.socket);
    },

    audit() {
      keeper.audit();
      ovs.report();
      neighbours.report();
    },
  };
}
