import type { V1Service } from '@kubernetes/client-node';
import { type AccessOptions, findAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { Reflector } from '../kube/reflector.js';
import { explainError } from '../net/errors.js';
import { ClaimBook } from './claim_book.js';
import type { ServiceClaims } from './services.js';

export interface ServiceSourceOptions extends AccessOptions {
  readonly changed: () => void;
  readonly log: { info(message: string): void };
  readonly signal: AbortSignal;
}

/** The services of one API server, as far as they are known; what was known stays while it is away. */
export class ServiceSource {
  private services: Reflector<V1Service> | undefined;
  private why: string | undefined;
  private readonly book = new ClaimBook();

  constructor(private readonly options: ServiceSourceOptions) {
    void this.follow();
  }

  /** What services claim; `undefined` until the first list is here. */
  get claims(): ServiceClaims | undefined {
    return this.services?.hasSynced ? this.book.claims : undefined;
  }

  get problems(): readonly string[] {
    const absence = this.services?.problem ?? this.why;
    return [...(absence === undefined ? [] : [absence]), ...this.book.problems];
  }

  private async follow(): Promise<void> {
    const { changed, log, signal } = this.options;
    try {
      const access = await findAccess(this.options);
      if (access === undefined) return;
      const news = (key: string) => {
        this.book.put(key, this.services?.objects.get(key));
        changed();
      };
      const api = new KubeApi(access);
      // What the reflector has to say is a problem like others, and said with them.
      const quiet = { info: changed, warn: changed };
      const listed = (count: number) => {
        log.info(`${api.name}: ${count} services listed`);
        changed();
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
