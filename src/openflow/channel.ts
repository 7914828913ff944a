import type { Bundle } from './bundle.js';
import type { CookieRange } from './cookie.js';
import type { InstalledFlow } from './flow.js';
import type { Ofport } from './ofport.js';

/** How a bridge treats fragments (`ovs-ofctl set-frags`, ovs-ofctl(8)). */
export type FragmentMode = 'normal' | 'drop' | 'reassemble' | 'nx-match';

/** What a bridge is set to beside its flows; a restarted ovs-vswitchd has forgotten it. */
export interface SwitchSettings {
  readonly fragments: FragmentMode;
  /** Ports that NORMAL and FLOOD leave out. */
  readonly noFlood: ReadonlySet<Ofport>;
}

/**
 * `up`: the switch answers, and from now on is listened to; `changed`: somebody else changed flows or ports, a
 * channel's own bundles are no news; `down`: the switch is gone, with everything it was told. News says "look again",
 * never what to do.
 */
export type SwitchNews = 'up' | 'changed' | 'down';

/** A way to carry flows to one bridge. */
export interface FlowChannel {
  /**
   * Hands each flow of the bridge that carries our cookies, or those of a part of them, to `visit` as it is read, for a
   * caller that keeps none; when it fails, some may have been visited.
   * @throws SwitchUnreachable
   */
  eachFlow(visit: (flow: InstalledFlow) => void, range?: CookieRange): Promise<void>;
  readSettings(): Promise<SwitchSettings>;
  /**
   * Makes all changes of `bundle`, or none.
   * @throws BundleRefused when the switch said no and changed nothing; BundleUnknown when it did not say in
   * time: whoever tries again reads the flows first
   */
  apply(bundle: Bundle): Promise<void>;
  setFragments(mode: FragmentMode): Promise<void>;
  setNoFlood(port: Ofport, noFlood: boolean): Promise<void>;
  /** Calls `listener` with news until `signal` is aborted; the first news is `up`, as soon as the switch answers. */
  watch(listener: (news: SwitchNews) => void, signal: AbortSignal): void;
  /** For people: what carries the flows, and what this switch cannot do for it. */
  describe(): string;
  /** Why the switch is not up, where more is known than that it does not answer. */
  reason(): string | undefined;
}
