import type { Log } from '../daemon/log.js';
import type { Source } from '../daemon/source.js';
import { explainError } from '../net/errors.js';
import { followSetting, type SystemSettings } from '../switch/system_settings.js';
import { type AccessOptions, type ApiAccess, accessSettings, findAccess, isConfigured } from './access.js';
import { whileReached } from './reached.js';

/** How a daemon finds the API server. */
export interface ApiSettings extends Omit<AccessOptions, 'systemIds'> {
  readonly settings: SystemSettings;
}

export interface ApiFollowerOptions extends ApiSettings {
  /** Called before a server is followed, and when none is configured any more. */
  readonly restart: () => void;
  /** Follows a server until the signal is aborted. */
  readonly follow: (access: ApiAccess, signal: AbortSignal) => Promise<void>;
  /** Whether the server that is followed answers. */
  readonly isAnswering: () => boolean;
  /** Receives the reason each time that no server can be followed. */
  readonly failed: (reason: string) => void;
  readonly log: Log;
}

/** Follows whichever API server the settings name. Without one, it logs that once and follows nothing. */
export class ApiFollower implements Source {
  constructor(private readonly options: ApiFollowerOptions) {}

  /** Whether an API server is configured. */
  get isConfigured(): boolean {
    return isConfigured(this.access());
  }

  async run(signal: AbortSignal): Promise<void> {
    await followSetting(this.options.settings, accessSettings, (_, over) => this.follow(over), signal);
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { restart, follow, isAnswering, failed, log } = this.options;
    restart();
    if (!this.isConfigured) {
      log.info('external_ids:k8s-api-server is not set: no services are followed, everything else is done');
      return;
    }
    const find = () => findAccess(this.access());
    await whileReached({ find, isAnswering, failed: (error) => failed(explainError(error)), signal }, follow);
  }

  private access(): AccessOptions {
    const { settings, kubeconfig, sysconf, env } = this.options;
    return { kubeconfig, systemIds: settings.read(), sysconf, env };
  }
}
