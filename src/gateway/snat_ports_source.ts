import { setTimeout as delay } from 'node:timers/promises';
import { askDaemon } from '../daemon/ask.js';
import type { IpAddress } from '../net/ip.js';
import type { PortRange } from '../net/ports.js';
import type { LocalDatabase } from '../switch/connection.js';
import { readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { fillProblems, mostOfOneProtocol, type PortFill, podConnections, sizeOf } from './snat_ports.js';
import { snatRange } from './state.js';

export interface SnatPortsOptions {
  readonly db: LocalDatabase;
  readonly bridge: string;
  /** Where ovs-vswitchd has its pidfile and its control socket. */
  readonly rundir: string;
  /** The addresses that pods' connections leave with. */
  readonly addresses: () => readonly IpAddress[];
  /** Something has become a problem, or is none any more. */
  readonly changed: () => void;
  readonly signal: AbortSignal;
}

/** Closed TCP connections keep their ports for half a minute, so that no burst is over before somebody looks. */
const LOOK_MS = 20_000;
/** A look takes at most this share of the switch's time: it may be forwarding packets by the same thread. */
const MOST_OF_TIME = 1 / 200;
/** From this share of the range on it is worth the switch's time to see who has the ports. */
const WORTH_A_DUMP = 1 / 2;
const TIMEOUT_MS = 1_000;

/**
 * How full the pods' port range is, by what the switch has tracked. Connections are only counted, until there are so
 * many that one server could have taken most of the range: then they are looked through.
 */
export class SnatPortsSource {
  private fill: PortFill | undefined;
  /** The key of br-int's `external_ids` that has the zone of the gateway router's translations, once it is known. */
  private zoneKey: string | undefined;
  private looking: Promise<PortFill | undefined> | undefined;

  constructor(private readonly options: SnatPortsOptions) {}

  get problems(): readonly string[] {
    return fillProblems(this.fill);
  }

  /** How full it is now; `undefined` where there is no range, or no switch that answers. */
  look(): Promise<PortFill | undefined> {
    this.looking ??= this.read()
      // That the switch does not answer is said by others.
      .catch(() => undefined)
      .then((fill) => {
        const before = this.problems.join();
        this.fill = fill;
        this.looking = undefined;
        if (this.problems.join() !== before) this.options.changed();
        return fill;
      });
    return this.looking;
  }

  /** Looks now and then, so that ports that run out are said without anybody asking. */
  async follow(): Promise<void> {
    const { signal } = this.options;
    while (!signal.aborted) {
      const began = performance.now();
      await this.look();
      const took = performance.now() - began;
      await delay(Math.max(LOOK_MS, took / MOST_OF_TIME), undefined, { signal }).catch(() => undefined);
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

  /** Asks the switch of one zone where it is known which. */
  private async ask(command: string): Promise<string> {
    const { rundir } = this.options;
    const zone = this.zones().get(this.zoneKey ?? '');
    const args = [this.datapath(), ...(zone === undefined ? [] : [`zone=${zone}`])];
    return askDaemon({ program: 'ovs-vswitchd', rundir, timeoutMs: TIMEOUT_MS }, command, args);
  }

  private range(): PortRange | undefined {
    const ids = this.row(this.options.bridge)?.external_ids;
    return ids && snatRange(ids);
  }

  private datapath(): string {
    return this.row(this.options.bridge)?.datapath_type === 'netdev'
      ? 'netdev@ovs-netdev'
      : 'system@ovs-system';
  }

  /** Zones that ovn-controller has given out, by `ct-zone-NAME`. */
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
