import type { V1Service } from '@kubernetes/client-node';
import { SILENT } from '../daemon/log.js';
import { type AccessOptions, type ApiAccess, findAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { whileReached } from '../kube/reached.js';
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
  private book = new ClaimBook();

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
    const { changed, signal } = this.options;
    await whileReached(
      {
        find: () => findAccess(this.options),
        isAnswering: () => this.services?.problem === undefined,
        failed: (error) => {
          const why = explainError(error);
          if (why === this.why) return;
          this.why = why;
          changed();
        },
        signal,
      },
      (access, over) => this.followServer(access, over),
    );
  }

  private async followServer(access: ApiAccess, signal: AbortSignal): Promise<void> {
    const { changed, log } = this.options;
    const api = new KubeApi(access);
    const book = new ClaimBook();
    const services: Reflector<V1Service> = new Reflector({
      api,
      path: '/api/v1/services',
      changed: (key) => {
        book.put(key, services.objects.get(key));
        changed();
      },
      listed: (count) => {
        log.info(`${api.name}: ${count} services listed`);
        changed();
      },
      // What the reflector has to say is a problem like others, and said with them.
      log: SILENT,
      problems: { set: changed },
    });
    this.why = undefined;
    this.book = book;
    this.services = services;
    try {
      await services.run(signal);
    } finally {
      api.close();
    }
  }
}
