import { directories } from '../daemon/directories.js';
import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import { readAddresses } from '../host/addresses.js';
import { HostPortSource } from '../host/host_port_source.js';
import { ADDRESS_EVENTS, KernelSource, ROUTE_EVENTS } from '../host/kernel_source.js';
import { readRouters } from '../host/routers.js';
import { GuardSource } from '../kube/guard_source.js';
import type { FlowChannel } from '../openflow/channel.js';
import type { LocalDatabase } from '../switch/connection.js';
import { NODE_NAME } from '../switch/external_ids.js';
import { systemSettings } from '../switch/system_settings.js';
import type { BridgeKeeper } from './bridge_keeper.js';
import type { HelperOptions } from './options.js';
import { BridgeSource } from './sources/bridge.js';
import { NeighbourSource } from './sources/neighbours.js';
import { NorthboundSource } from './sources/northbound.js';
import { ServiceSource } from './sources/services.js';
import { SnatPortsSource } from './sources/snat_ports.js';
import { SwitchSource } from './sources/switch.js';

/** Everything that the helper follows. */
export type Sources = ReturnType<typeof makeSources>;

export interface SourcesContext {
  readonly db: LocalDatabase;
  readonly channel: FlowChannel;
  readonly keeper: BridgeKeeper;
  readonly problems: Problems;
  readonly log: Log;
  /** Asks for a step: a source changed. */
  readonly changed: () => void;
}

/** Makes the sources; none follows anything until it is run. */
export function makeSources(
  { bridge, physicalInterface, kubeconfig, allowed, externalAddressOwner }: HelperOptions,
  context: SourcesContext,
) {
  const { db, channel, keeper, problems, log, changed } = context;
  const { run: rundir, sysconf } = directories(process.env);
  const settings = systemSettings(db);
  const access = { kubeconfig, sysconf, env: process.env };
  const followed = new BridgeSource(db, bridge, changed, problems);
  const node = () => followed.facts?.externalIds.get(NODE_NAME);
  const services = new ServiceSource({ settings, ...access, node, problems, log, changed });
  return {
    ovs: new SwitchSource({ bridge, channel, problems, onNews: (news) => keeper.handle(news) }),
    bridge: followed,
    addresses: new KernelSource({
      ...{ name: 'addresses', groups: ADDRESS_EVENTS, problems, changed },
      read: () => readAddresses(bridge),
    }),
    services,
    guard: new GuardSource({
      ...{ settings, allowed, problems, changed },
      server: () => services.server,
      hasSpeaker: externalAddressOwner === 'speaker',
    }),
    hostPorts: new HostPortSource({ problems, changed }),
    northbound: new NorthboundSource({ settings, sysconf, problems, changed }),
    routers: new KernelSource({
      ...{ name: 'default routers', groups: ROUTE_EVENTS, readsAtOnce: true, problems, changed },
      read: () => readRouters(bridge),
    }),
    neighbours: new NeighbourSource({ physicalInterface, problems, changed }),
    snatPorts: new SnatPortsSource({
      ...{ db, bridge, rundir, problems },
      addresses: () => keeper.state?.addresses ?? [],
    }),
  };
}
