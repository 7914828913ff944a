import type { LoopWork } from '../daemon/loop.js';
import { Memo } from '../daemon/memo.js';
import type { Problems } from '../daemon/problems.js';
import type { BridgeState } from '../demux/state.js';
import type { LocalAddress } from '../host/addresses.js';
import type { Clock } from '../neighbour/clock.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import type { LocalDatabase } from '../switch/connection.js';
import { NODE_NAME } from '../switch/external_ids.js';
import type { Announcer } from './apply_announcements.js';
import { applyPatchPair } from './apply_patch_pair.js';
import type { AddressProber } from './apply_probes.js';
import type { ServedRow } from './apply_served_row.js';
import type { SolicitedGroups } from './apply_solicited_groups.js';
import type { BridgeKeeper } from './bridge_keeper.js';
import type { Intent } from './options.js';
import type { Sources } from './sources.js';
import { readBridgeState, snatRange } from './state_bridge.js';
import { knownExposure, nodePortKey } from './state_exposure.js';
import type { HostPortBook } from './state_host_ports.js';
import type { JudgedExposure } from './state_judged_exposure.js';
import type { OwnPort } from './state_own_ports.js';
import type { ServiceBook } from './state_services.js';

export interface StepContext {
  readonly intent: Intent;
  readonly db: LocalDatabase;
  readonly sources: Sources;
  readonly keeper: BridgeKeeper;
  readonly judged: JudgedExposure;
  readonly prober: AddressProber;
  readonly announcer: Announcer;
  readonly servedRow: ServedRow;
  readonly solicitedGroups: SolicitedGroups;
  readonly problems: Problems;
  readonly clock: Clock;
}

const NO_ADDRESSES: readonly LocalAddress[] = [];

/** Returns the work of the helper's loop: reads the sources, computes the state and its flows, and applies them. */
export function gatewayWork(context: StepContext): LoopWork {
  const { intent, db, sources, keeper, judged, prober, announcer, servedRow, solicitedGroups } = context;
  const { problems, clock } = context;
  const { ovs, bridge, addresses, services, northbound, routers, neighbours, guard, hostPorts } = sources;
  const bridgeStates = new Memo((facts: typeof bridge.facts, local: readonly LocalAddress[]) =>
    readBridgeState(facts, local, intent),
  );
  const podPorts = new Memo((pods: HostPortBook | undefined, _revision: number | undefined, own: string) =>
    pods === undefined ? [] : pods.portsAt(parseAddresses(own)),
  );
  const ownPorts = new Memo(
    (book: ServiceBook, _revision: number, ofPods: readonly OwnPort[], own: string) => [
      ...book.portsAt(parseAddresses(own)),
      ...ofPods,
    ],
  );
  /** Returns which of the services' wishes this gateway exposes; `undefined` until they are known. */
  const judge = (bridgeState: BridgeState | undefined, isServing: boolean | undefined) => {
    const wanted = services.take();
    const { book, hostPorts: pods } = services;
    const own = bridgeState?.addresses ?? [];
    const text = own.join();
    const ports = ownPorts.get(book, book.revision, podPorts.get(pods, pods?.revision, text), text);
    const host = hostPorts.portsFor(ports.map(({ port }) => nodePortKey(port)));
    if (wanted === undefined || bridgeState === undefined) return undefined;
    return judged.judge({
      ...{ book, wanted, ownPorts: ports, host, isServing, addresses: own, inPlace: keeper.exposed },
      answersServed: bridgeState.answersServed,
      arePodsKnown: pods !== undefined,
      gateways: northbound.gatewayAddresses,
      podRange: snatRange(bridge.facts?.externalIds ?? new Map()),
      guard: guard.guard({
        nodes: services.nodeClaims,
        rows: northbound.claims,
        routers: routers.value,
        local: addresses.value ?? NO_ADDRESSES,
      }),
    });
  };
  return {
    async step() {
      const { facts } = bridge;
      const node = facts?.externalIds.get(NODE_NAME);
      const { bridgeState, problems: found } = bridgeStates.get(facts, addresses.value ?? NO_ADDRESSES);
      problems.set('state', found);
      northbound.check(node, bridgeState);

      const { isConfigured } = services;
      // Where another host answers for external addresses, their traffic may arrive at any gateway.
      const isServing = intent.externalAddressOwner === 'speaker' || northbound.isFirstGateway(node);
      const exposed = judge(bridgeState, isServing);
      const known = knownExposure({ isConfigured, isServing, exposed });
      const state = await keeper.keep(bridgeState, known);
      if (state === undefined || facts === undefined) return;

      // Only now may OVN send and receive on the bridge: the flows that classify its traffic are in place.
      await applyPatchPair(db, facts);
      neighbours.follow(state, routers.value ?? []);
      // What is not known stays as it is in the row too.
      if (known.served !== undefined) servedRow.write(northbound.database, node, known.served);
      solicitedGroups.follow(state);
      const { socket } = neighbours;
      if (socket === undefined) return;
      announcer.announce(state, socket);
      // Each gateway of the cluster may still answer for an address that moves here.
      const own = new Set([state.mac, socket.mac, ...northbound.gatewayMacs]);
      prober.ask(socket, judged.admission.due(clock.now()), own);
      if (judged.admission.isHeld) prober.lookAgain();
    },

    audit() {
      keeper.audit();
      hostPorts.look();
      ovs.report();
      neighbours.report();
    },
  };
}

/** Reads addresses that are joined by commas. */
function parseAddresses(text: string): IpAddress[] {
  return text === '' ? [] : text.split(',').map(parseIp);
}
