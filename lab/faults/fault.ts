import type { TrafficClass } from '../traffic.js';
import type { FaultStage } from './stage.js';

export type Subject = 'processes' | 'switch' | 'OVN' | 'API server' | 'machine' | 'network' | 'commands';

/** A fault, without the measuring of it: `npm run faults` measures one by one, `npm run soak` injects them at random. */
export interface Fault {
  /** Short and unique, as `--only` takes it. */
  readonly name: string;
  readonly subject: Subject;
  /** What happens, for the table: one sentence. */
  readonly what: string;
  /** What must be true meanwhile and afterwards, beyond that nobody is needed and nothing is left. */
  readonly promise: string;
  /** How long each class may be cut, in milliseconds. A class that is not named is never cut. */
  readonly mayCutMs?: Partial<Record<TrafficClass, number>>;
  /** Lines of the snapshot that may stay different: what is remembered on purpose. */
  readonly mayLeave?: RegExp;
  /** How often the fault itself ends ovs-vswitchd. */
  readonly aborts?: number;
  /** How long the fault lasts, from the end of `inject` to `heal`, in milliseconds. */
  readonly lastsMs: number;
  /** Causes the fault. */
  inject(stage: FaultStage): Promise<void>;
  /** Takes the cause away as systemd or the network would: never what a person must do. */
  heal(stage: FaultStage): Promise<void>;
}
