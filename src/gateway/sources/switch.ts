import type { Problems } from '../../daemon/problems.js';
import { aborted, sleep } from '../../daemon/sleep.js';
import type { Source } from '../../daemon/source.js';
import type { FlowChannel, SwitchNews } from '../../openflow/channel.js';

/** Milliseconds after the start until a switch that has not answered is reported as a problem. */
const START_MS = 1_000;

export interface SwitchSourceOptions {
  readonly bridge: string;
  readonly channel: Pick<FlowChannel, 'watch' | 'reason'>;
  readonly problems: Problems;
  /** Receives each event of the switch. */
  readonly onNews: (news: SwitchNews) => void;
  readonly startMs?: number;
}

/** Follows whether ovs-vswitchd answers for the bridge, and passes on its events about changes by others. */
export class SwitchSource implements Source {
  private isUp = false;
  private sessions = 0;
  private isLate = false;

  constructor(private readonly options: SwitchSourceOptions) {}

  /** How often the switch came back after it had been up. */
  get restarts(): number {
    return Math.max(0, this.sessions - 1);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { channel, startMs = START_MS } = this.options;
    channel.watch((news) => this.handle(news), signal);
    await sleep(startMs, signal);
    if (signal.aborted) return;
    this.isLate = true;
    this.report();
    await aborted(signal);
  }

  /** Sets or clears the problem. Called repeatedly, because the channel sends no event when it learns the reason. */
  report(): void {
    const { bridge, channel, problems } = this.options;
    const isAway = !this.isUp && (this.sessions > 0 || this.isLate);
    problems.set(
      'switch',
      isAway ? [`${bridge}: ${channel.reason() ?? 'ovs-vswitchd does not answer'}`] : [],
    );
  }

  private handle(news: SwitchNews): void {
    if (news === 'up') this.sessions++;
    this.isUp = news === 'up' || (news === 'changed' && this.isUp);
    this.report();
    this.options.onNews(news);
  }
}
