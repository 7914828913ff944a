import { askDaemon } from '../../daemon/ask.js';
import type { Problems } from '../../daemon/problems.js';
import { sleep } from '../../daemon/sleep.js';
import type { Source } from '../../daemon/source.js';
import type { IpAddress } from '../../net/ip.js';
import type { PortRange } from '../../net/ports.js';
import type { LocalDatabase } from '../../switch/connection.js';
import { datapathName } from '../../switch/datapath.js';
import { readSystemIds } from '../../switch/external_ids.js';
import { integrationBridge } from '../../switch/integration_bridge.js';
import { snatRange } from '../state_bridge.js';
import { mostOfOneProtocol, podConnections } from '../state_pod_connections.js';
import { fillProblems, type PortFill, sizeOf } from '../state_port_fill.js';

export interface SnatPortsOptions {
  readonly db: LocalDatabase;
  readonly bridge: string;
  /** The directory of ovs-vswitchd's pidfile and control socket. */
  readonly rundir: string;
  /** Returns the addresses that SNAT gives the pods' connections. */
  readonly addresses: () => readonly IpAddress[];
  readonly problems: Problems;
}

/** Milliseconds between two looks. A closed TCP connection keeps its port for 30 s, so no burst goes unseen. */
const LOOK_MS = 20_000;
/** The share of the switch's time that looks may take: the thread that answers may also forward packets. */
const MOST_OF_TIME = 1 / 200;
/** The share of the range from which on a dump of all connections is worth the switch's time. */
const WORTH_A_DUMP = 1 / 2;
const TIMEOUT_MS = 1_000;

/**
 * How full the pods' port range is, by the connections that the switch tracks. Connections are only counted until one
 * server could have most of the range; from then on they are dumped and looked through.
 */
export class SnatPortsSource implements Source {
  /** The key of br-int's `external_ids` that holds the zone of the gateway router's SNAT, once the zone is known. */
  private zoneKey: string | undefined;
  private looking: Promise<PortFill | undefined> | undefined;

  constructor(private readonly options: SnatPortsOptions) {}

  /**
   * Reads how full the range is now, and writes the problem. Calls at the same time share one read.
   * @returns `undefined` if there is no range or the switch does not answer
   */
  look(): Promise<PortFill | undefined> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  /** Looks every 20 s, less often if a look takes the switch more than 100 ms. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      await this.look();
      const took = performance.now() - began;
      await sleep(Math.max(LOOK_MS, took / MOST_OF_TIME), signal);
    }
  }

  private async lookOnce(): Promise<PortFill | undefined> {
    try {
      const fill = await this.read();
      this.options.problems.set('snat ports', fillProblems(fill));
      return fill;
    } catch {
      // A switch that does not answer is a problem of its own. The last one of the range stands.
      return undefined;
    }
  }

  private async read(): Promise<PortFill | undefined> {
    const range = this.range();
    if (range === undefined) return undefined;
    const atMost = mostOfOneProtocol(await this.ask('dpctl/ct-stats-show'));
    if (atMost < WORTH_A_DUMP * sizeOf(range)) return { range, atMost, busiest: undefined };
    const { busiest, zone } = podConnections(
      await this.ask('dpctl/dump-conntrack'),
      this.options.addresses(),
      range,
    );
    if (zone !== undefined) this.zoneKey = this.keyOf(zone);
    return { range, atMost: busiest?.used ?? 0, busiest };
  }

  /** Asks the switch about the SNAT zone, or about all zones while the SNAT zone is unknown. */
  private async ask(command: string): Promise<string> {
    const { db, bridge, rundir } = this.options;
    const zone = this.zones().get(this.zoneKey ?? '');
    const args = [datapathName(db, bridge), ...(zone === undefined ? [] : [`zone=${zone}`])];
    return askDaemon({ program: 'ovs-vswitchd', rundir, timeoutMs: TIMEOUT_MS }, command, args);
  }

  private range(): PortRange | undefined {
    const ids = this.row(this.options.bridge)?.external_ids;
    return ids && snatRange(ids);
  }

  /** Returns the zones that ovn-controller assigned, by `ct-zone-NAME`. */
  private zones(): ReadonlyMap<string, string> {
    return this.row(integrationBridge(readSystemIds(this.options.db)))?.external_ids ?? new Map();
  }

  private keyOf(zone: number): string | undefined {
    return [...this.zones()].find(
      ([key, value]) => key.startsWith('ct-zone-') && value === String(zone),
    )?.[0];
  }

  private row(name: string) {
    return this.options.db.find('Bridge', (row) => row.name === name);
  }
}
