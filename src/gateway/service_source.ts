import type { V1Service } from '@kubernetes/client-node';
import { type AccessOptions, findAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { Reflector } from '../kube/reflector.js';
import { explainError } from '../net/errors.js';
import { readServices, type ServiceClaims } from './services.js';

export interface ServiceSourceOptions extends AccessOptions {
  readonly changed: () => void;
  readonly log: { info(message: string): void };
  readonly signal: AbortSignal;
}

/** The services of one API server, as far as they are known; what was known stays while it is away. */
export class ServiceSource {
  private services: Reflector<V1Service> | undefined;
  private why: string | undefined;
  private read: { readonly claims: ServiceClaims; readonly problems: readonly string[] } | undefined;

  constructor(private readonly options: ServiceSourceOptions) {
    void this.follow();
  }

  /** What services claim; `undefined` until the first list is here. */
  get claims(): ServiceClaims | undefined {
    return this.look()?.claims;
  }

  get problems(): readonly string[] {
    const absence = this.services?.problem ?? this.why;
    return [...(absence === undefined ? [] : [absence]), ...(this.look()?.problems ?? [])];
  }

  private look() {
    if (this.read === undefined && this.services?.hasSynced) {
      const { problems, ...claims } = readServices(this.services.objects.values());
      this.read = { claims, problems };
    }
    return this.read;
  }

  private async follow(): Promise<void> {
    const { changed, log, signal } = this.options;
    try {
      const access = await findAccess(this.options);
      if (access === undefined) return;
      const news = () => {
        this.read = undefined;
        changed();
      };
      const api = new KubeApi(access);
      // What the reflector has to say is a problem like others, and said with them.
      const quiet = { info: changed, warn: changed };
      const listed = (count: number) => {
        log.info(`${api.name}: ${count} services listed`);
        news();
      };
      this.services = new Reflector({ api, path: '/api/v1/services', changed: news, listed, log: quiet });
      await this.services.run(signal);
      api.close();
    } catch (error) {
      this.why = explainError(error);
      changed();
    }
  }
}
