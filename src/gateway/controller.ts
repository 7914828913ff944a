import { setImmediate as breath } from 'node:timers/promises';
import type { Log } from '../daemon/log.js';
import { Trouble } from '../daemon/trouble.js';
import { Wakeup } from '../daemon/wakeup.js';
import type { GatewayFrame, GatewayState } from '../demux/state.js';
import { explainError } from '../net/errors.js';
import type { FlowChannel, SwitchNews } from '../openflow/channel.js';
import type { Flow, FlowIdentity } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { desiredFlows, type LoopState } from './desired.js';
import type { Facts, Intent } from './facts.js';
import { InstalledFlows } from './installed_flows.js';
import { filledIn, NO_CLAIMS, recoverClaims, type ServiceClaims, type ServiceFacts } from './services.js';
import { factsReader } from './state.js';
import { reconcileSettings } from './switch.js';

/** How often settings and flows, or a part of many, are read though nothing was heard: `set-frags` makes no news. */
const AUDIT_MS = 20_000;
/** Waits after a failure: they double up to the second, and start again after a success. */
const RETRY_MS = { first: 20, most: 1_000 };

export interface ControllerOptions {
  readonly intent: Intent;
  readonly channel: FlowChannel;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Learns the facts anew; called each time the loop looks. */
  readonly learn: () => Facts;
  /** Mends what is not the switch's, such as a missing patch port; fails like the switch does. */
  readonly mend: () => Promise<void>;
  /** What else is wrong, found by others: rows of OVN that no longer fit. */
  readonly otherProblems: () => readonly string[];
  /** {@link AUDIT_MS}, unless told. */
  readonly auditMs?: number;
}

/** How long after the start a switch that has not answered yet is no news. */
const START_MS = 1_000;

/** What the helper has done so far. */
export interface Totals {
  looks: number;
  bundles: number;
  flowsAdded: number;
  flowsRemoved: number;
  failures: number;
  switchRestarts: number;
}

/**
 * The loop that keeps one bridge right: something rings, facts become a state, the state flows, and what differs
 * on the switch is sent. It looks at the whole each time, so a lost event or a restart is no special case; that one
 * state shares with the next what did not change makes a look cost no more than a change.
 */
export class Controller {
  readonly totals: Totals = {
    looks: 0,
    bundles: 0,
    flowsAdded: 0,
    flowsRemoved: 0,
    failures: 0,
    switchRestarts: 0,
  };
  private readonly wakeup = new Wakeup();
  private readonly trouble: Trouble;
  private readonly started = performance.now();
  private switchIsUp = false;
  private wasUp = false;
  private settingsDue = true;
  private retryMs = RETRY_MS.first;
  private auditAt: number;
  private lastPatch: number | undefined;
  private state: LoopState | undefined;
  /** The flows that were wanted last, and what for. */
  private made: { readonly state: LoopState; readonly flows: Keyed<Flow> } | undefined;
  private failure: string | undefined;
  private isSynced = false;
  private readonly stopped = new AbortController();
  private running: Promise<void> | undefined;
  private readonly desired = desiredFlows();
  private readonly readFacts: ReturnType<typeof factsReader>;
  private readonly installed: InstalledFlows;
  private readonly syncWaiters = new Set<() => void>();

  constructor(private readonly options: ControllerOptions) {
    this.auditAt = performance.now() + this.auditMs;
    this.trouble = new Trouble(options.log);
    this.readFacts = factsReader(options.intent);
    this.installed = new InstalledFlows(options.channel);
  }

  private get auditMs(): number {
    return this.options.auditMs ?? AUDIT_MS;
  }

  /** Says that something may have changed. */
  look = (): void => this.wakeup.ring();

  get currentState(): GatewayState | undefined {
    return this.state;
  }

  get problems(): readonly string[] {
    return this.trouble.current;
  }

  /** Whether the flows were those of the state when last looked at. */
  get synced(): boolean {
    return this.isSynced;
  }

  /** Looks at everything now; resolves when the flows are right. */
  syncNow(): Promise<void> {
    this.settingsDue = true;
    this.isSynced = false;
    this.installed.doubt();
    const done = new Promise<void>((resolve) => this.syncWaiters.add(resolve));
    this.look();
    return done;
  }

  /** Keeps the bridge right until told to stop. */
  run(): Promise<void> {
    this.running = this.loop();
    return this.running;
  }

  /** Ends the loop; resolves when it does nothing any more. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async loop(): Promise<void> {
    const { channel } = this.options;
    const signal = AbortSignal.any([this.options.signal, this.stopped.signal]);
    channel.watch((news) => this.hear(news), signal);
    while (!signal.aborted) {
      const untilAudit = Math.max(0, this.auditAt - performance.now());
      await this.wakeup.wait(
        this.failure === undefined ? untilAudit : Math.min(this.retryMs, untilAudit),
        signal,
      );
      // What came in the same breath is one reason to look.
      await breath();
      if (performance.now() >= this.auditAt) this.audit();
      if (!signal.aborted) await this.once();
    }
  }

  private audit(): void {
    this.auditAt = performance.now() + this.auditMs;
    this.settingsDue = true;
    void this.installed.confirm().then(this.look);
  }

  private hear(news: SwitchNews): void {
    this.installed.doubt();
    if (news === 'up') {
      this.switchIsUp = true;
      this.settingsDue = true;
      if (this.wasUp) this.totals.switchRestarts++;
      this.wasUp = true;
    } else if (news === 'down') {
      this.switchIsUp = false;
      this.isSynced = false;
    }
    this.look();
  }

  private async once(): Promise<void> {
    this.totals.looks++;
    const { learn, intent, mend, otherProblems, channel } = this.options;
    const facts = learn();
    const { state: frame, problems } = this.readFacts(facts);
    this.state = frame && { ...frame, ...filledIn(facts.services, this.made?.state ?? NO_CLAIMS) };
    try {
      if (frame !== undefined && this.switchIsUp) {
        await this.settle(frame, facts.services);
        // Only now: what OVN gets to send and receive here is sorted by the flows.
        await mend();
      }
      this.failure = undefined;
      this.retryMs = RETRY_MS.first;
    } catch (error) {
      this.totals.failures++;
      this.failure = explainError(error);
      this.isSynced = false;
      this.retryMs = Math.min(2 * this.retryMs, RETRY_MS.most);
    }
    const isAway = !this.switchIsUp && (this.wasUp || performance.now() - this.started > START_MS);
    const absence = !isAway
      ? []
      : [`${intent.bridge}: ${channel.reason() ?? 'ovs-vswitchd does not answer'}`];
    const failure = this.failure === undefined || !this.switchIsUp ? [] : [this.failure];
    this.trouble.report([...absence, ...failure, ...problems, ...otherProblems()]);
  }

  private async settle(frame: GatewayFrame, services: ServiceFacts): Promise<void> {
    const { log } = this.options;
    // Who asks from here on may know of something that has not been looked at.
    const waiting = [...this.syncWaiters];
    const installed = await this.installed.read();
    const claims = filledIn(services, this.claimsBehind(installed, services));
    const state = { ...frame, ...claims };
    this.state = state;
    const flows = this.desired(frame, claims);
    this.made = { state, flows };
    const { add, remove } = await this.installed.become(flows, installed);
    if (add.length + remove.length > 0) {
      this.totals.bundles++;
      this.totals.flowsAdded += add.length;
      this.totals.flowsRemoved += remove.length;
      log.info(`${state.bridge}: one bundle: ${add.length} flows added, ${remove.length} deleted`);
    }
    await this.settleSettings(state);
    this.isSynced = this.installed.isKnown;
    for (const resolve of waiting) {
      this.syncWaiters.delete(resolve);
      resolve();
    }
  }

  /** What no API server has said anything of yet stays as the switch has it. */
  private claimsBehind(installed: Keyed<FlowIdentity>, { nodePorts, served }: ServiceFacts): ServiceClaims {
    if (nodePorts !== undefined && served !== undefined) return NO_CLAIMS;
    return this.made?.flows === installed ? this.made.state : recoverClaims(installed);
  }

  /** Settings make no news, so they are read when the switch or the patch port is new, and at each audit. */
  private async settleSettings(state: GatewayFrame): Promise<void> {
    const { channel, log } = this.options;
    if (!this.settingsDue && state.patch === this.lastPatch) return;
    for (const change of await reconcileSettings(channel, state)) log.info(`${state.bridge}: ${change}`);
    this.settingsDue = false;
    this.lastPatch = state.patch;
  }
}
