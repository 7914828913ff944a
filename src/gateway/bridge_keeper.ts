import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import { classOfId, type PacketClass } from '../demux/classes.js';
import type { BridgeState, GatewayState } from '../demux/state.js';
import { backgroundClock, type Clock } from '../neighbour/clock.js';
import type { Bundle } from '../openflow/bundle.js';
import type { FlowChannel, SwitchNews } from '../openflow/channel.js';
import { classIdOf } from '../openflow/cookie.js';
import type { Flow, FlowIdentity } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { diffFlows } from '../openflow/reconcile.js';
import type { ConnectionLimit } from './apply_connection_limit.js';
import { InstalledFlows } from './apply_flows.js';
import { BridgeSettings } from './apply_settings.js';
import { type Desired, desiredFlows } from './desired_flows.js';
import { QUIET_MS, RepairPace } from './repair_pace.js';
import {
  type Exposure,
  fillIn,
  type KnownExposure,
  NOTHING_EXPOSED,
  ServedRestrictions,
} from './state_exposure.js';
import { recoverExposure } from './state_recovered.js';

/** Milliseconds between two audits. An audit reads the settings and a part of the flows, even without an event. */
export const AUDIT_MS = 20_000;
/** The wait after a failed step. */
export const RETRY = { firstMs: 20 } as const;

/** The owner, in the problems, of a fight with other programs. */
const OTHERS = 'other programs';

export interface BridgeKeeperOptions {
  readonly channel: FlowChannel;
  readonly log: Log;
  /** Asks for another step. */
  readonly changed: () => void;
  /** Holds, under {@link OTHERS}, that another program keeps changing the flows. */
  readonly problems: Pick<Problems, 'set'>;
  readonly clock?: Clock;
  /** Bounds the tracked connections with the other settings; by default nothing does. */
  readonly limit?: Pick<ConnectionLimit, 'reconcile'>;
}

/**
 * Keeps the flows and settings of one bridge right. Each step compares the whole desired state with the whole switch,
 * so a lost event and a restart need no special treatment. Consecutive states share their unchanged parts, so a step
 * costs only what changed.
 */
export class BridgeKeeper {
  readonly totals = { bundles: 0, flowsAdded: 0, flowsRemoved: 0 };
  private readonly installed: InstalledFlows;
  private readonly settings: BridgeSettings;
  private readonly syncWaiters = new Set<() => void>();
  private isUp = false;
  private isSynced = false;
  private current: GatewayState | undefined;
  /** The addresses and ports that services exposed in the last step. The first step reads them from installed flows. */
  private exposure: Exposure | undefined;
  private desired: Desired | undefined;
  /** The flows of the last step, while the switch has not restarted: only another program can have changed them. */
  private placed: Keyed<Flow> | undefined;
  private readonly restrictions = new ServedRestrictions();
  private readonly pace = new RepairPace();
  private readonly clock: Clock;
  private cancelLook: (() => void) | undefined;

  constructor(private readonly options: BridgeKeeperOptions) {
    this.installed = new InstalledFlows(options.channel);
    this.settings = new BridgeSettings(options.channel, options.limit);
    this.clock = options.clock ?? backgroundClock;
  }

  /** The state of the last step; `undefined` while the bridge has none. */
  get state(): GatewayState | undefined {
    return this.current;
  }

  /** What services expose, as the last step left it; `undefined` before the installed flows were read once. */
  get exposed(): Exposure | undefined {
    return this.exposure;
  }

  /** Whether the last step left the flows and settings as the state wants them. */
  get synced(): boolean {
    return this.isSynced;
  }

  /** Handles an event of the switch: makes the next step read the flows again. */
  handle(news: SwitchNews): void {
    this.installed.doubt();
    if (news === 'changed') {
      this.lookIn(this.pace.lookIn(this.clock.now()));
      return;
    }
    this.isUp = news === 'up';
    if (news === 'up') this.settings.doubt();
    else this.isSynced = false;
    this.placed = undefined;
    // The flows of before are gone, and with them the fight about them.
    this.pace.reset();
    this.options.problems.set(OTHERS, []);
    this.options.changed();
  }

  /** Makes the next step read the settings. Reads a part of the flows now; if they differ, a step repairs them. */
  audit(): void {
    this.settings.doubt();
    void this.installed.confirm().then(this.options.changed);
  }

  /** Reads everything again; resolves when flows and settings are right. */
  sync(): Promise<void> {
    this.settings.doubt();
    this.isSynced = false;
    this.installed.doubt();
    this.pace.reset();
    const done = new Promise<void>((resolve) => this.syncWaiters.add(resolve));
    this.options.changed();
    return done;
  }

  /**
   * Applies the state's flows and settings to the switch. While the switch is away, it only updates the state.
   * @returns the state, if its flows and settings are in place
   * @throws SwitchUnreachable, BundleRefused, BundleUnknown
   */
  async keep(bridgeState: BridgeState | undefined, known: KnownExposure): Promise<GatewayState | undefined> {
    try {
      if (this.exposure === undefined && bridgeState !== undefined && this.isUp)
        this.exposure = recoverExposure(await this.installed.read(), bridgeState.answersServed);
      const exposure = fillIn(known, this.exposure ?? NOTHING_EXPOSED, (...parts) =>
        this.restrictions.of(...parts),
      );
      this.current = bridgeState && { ...bridgeState, ...exposure };
      if (bridgeState !== undefined && this.isUp) await this.settle(bridgeState, exposure);
      else this.isSynced = false;
    } catch (error) {
      this.isSynced = false;
      // If the switch went down during the step, the source of the switch reports that instead.
      if (this.isUp) throw error;
    }
    return this.isSynced ? this.current : undefined;
  }

  private async settle(bridgeState: BridgeState, exposure: Exposure): Promise<void> {
    const { log } = this.options;
    // Only the callers that wait now: a later caller may know of a change that this step does not see.
    const waiting = [...this.syncWaiters];
    const installed = await this.installed.read();
    this.exposure = exposure;
    this.desired = desiredFlows(bridgeState, exposure, this.desired);
    const { flows } = this.desired;
    const { isUndone, waitMs } = this.judge(installed);
    this.report(bridgeState);
    // A repair waits alone: what a service or an operator asks for does not.
    if (waitMs > 0 && waiting.length === 0 && this.placed?.differences(flows).length === 0) {
      this.isSynced = false;
      this.lookIn(waitMs);
      return;
    }
    this.placed = undefined;
    const { add, remove } = await this.installed.become(flows, installed);
    this.placed = flows;
    if (isUndone) this.repaired(bridgeState);
    if (add.length + remove.length > 0) {
      this.totals.bundles++;
      this.totals.flowsAdded += add.length;
      this.totals.flowsRemoved += remove.length;
      log.info(`${bridgeState.bridge}: one bundle: ${add.length} flows added, ${remove.length} deleted`);
    }
    for (const change of await this.settings.reconcile(bridgeState))
      log.info(`${bridgeState.bridge}: ${change}`);
    this.isSynced = this.installed.isKnown;
    for (const resolve of waiting) {
      this.syncWaiters.delete(resolve);
      resolve();
    }
  }

  /** Returns whether another program changed the flows of the last step, and how long their repair has to wait. */
  private judge(installed: Keyed<FlowIdentity>): { readonly isUndone: boolean; readonly waitMs: number } {
    const { add, remove } = this.placed === undefined ? NO_CHANGE : diffFlows(this.placed, installed);
    const changed = [...add, ...remove];
    const isUndone = changed.length > 0;
    return { isUndone, waitMs: this.pace.look(this.clock.now(), isUndone, changed.some(isOfHost)) };
  }

  private repaired(bridgeState: BridgeState): void {
    this.pace.repaired(this.clock.now());
    this.report(bridgeState);
  }

  private report({ bridge }: BridgeState): void {
    const problem = this.pace.problem(bridge, this.clock.now());
    this.options.problems.set(OTHERS, problem === undefined ? [] : [problem]);
    // The problem ends without an event.
    if (problem !== undefined && this.cancelLook === undefined) this.lookIn(QUIET_MS);
  }

  /** Asks for a step in `ms` milliseconds. The last call counts. */
  private lookIn(ms: number): void {
    this.cancelLook?.();
    this.cancelLook = undefined;
    if (ms === 0) {
      this.options.changed();
      return;
    }
    this.cancelLook = this.clock.after(ms, () => {
      this.cancelLook = undefined;
      this.options.changed();
    });
  }
}

const NO_CHANGE: Bundle = { add: [], remove: [] };

/** The classes of the pods' traffic. All others, and the flows that only steer, are needed by the host too. */
const OF_PODS: readonly (PacketClass | undefined)[] = [
  'node-port',
  'external',
  'pod-return',
  'pod-out',
  'pod-drop',
];

function isOfHost({ cookie }: { readonly cookie: bigint }): boolean {
  return !OF_PODS.includes(classOfId(classIdOf(cookie)));
}
