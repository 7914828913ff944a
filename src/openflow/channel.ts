import type { Bundle } from './bundle.js';
import type { CookieRange } from './cookie.js';
import type { InstalledFlow } from './flow.js';
import type { Ofport } from './ofport.js';

/** How a bridge treats fragments (`ovs-ofctl set-frags`, ovs-ofctl(8)). */
export type FragmentMode = 'normal' | 'drop' | 'reassemble' | 'nx-match';

/** The settings of a bridge beside its flows. A restarted ovs-vswitchd has forgotten them. */
export interface SwitchSettings {
  readonly fragments: FragmentMode;
  /** The ports to which NORMAL and FLOOD do not send. */
  readonly noFlood: ReadonlySet<Ofport>;
}

/**
 * `up`: the switch answers, and its changes are watched from now on. `changed`: another program changed flows or
 * ports; the channel's own bundles do not count. `down`: the switch is gone, with its flows and settings. An event
 * means "look again", never what to do.
 */
export type SwitchNews = 'up' | 'changed' | 'down';

/** A channel that carries flows to one bridge. */
export interface FlowChannel {
  /**
   * Calls `visit` with each flow of the bridge whose cookie is ours, or in `range`, as it is read, so that nothing
   * need be kept. If it fails, some flows may have been visited.
   * @throws SwitchUnreachable
   */
  eachFlow(visit: (flow: InstalledFlow) => void, range?: CookieRange): Promise<void>;
  readSettings(): Promise<SwitchSettings>;
  /**
   * Makes all changes of `bundle`, or none.
   * @throws BundleRefused if the switch refused it and changed nothing; BundleUnknown if the switch did not answer in
   *   time: read the flows before another attempt
   */
  apply(bundle: Bundle): Promise<void>;
  setFragments(mode: FragmentMode): Promise<void>;
  setNoFlood(port: Ofport, noFlood: boolean): Promise<void>;
  /** Calls `listener` with each event until `signal` is aborted. The first is `up`, as soon as the switch answers. */
  watch(listener: (news: SwitchNews) => void, signal: AbortSignal): void;
  /** Describes the channel, and what this switch cannot do for it, for people. */
  describe(): string;
  /** Returns why the switch is not up; `undefined` if it only does not answer. */
  reason(): string | undefined;
}
