import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Problems } from '../daemon/problems.js';
import { explainError } from '../net/errors.js';
import type { HealthCheck } from './state_health.js';

/** Bounds of one server: a load balancer asks every few seconds, and any host may ask. */
const LIMITS = { connections: 64, headerBytes: 4_096, ms: 5_000 } as const;

/**
 * Answers load balancers that ask whether this node has endpoints of a service, as kube-proxy does: 200 if it has, else
 * 503, each with the count.
 */
export class HealthServers {
  private readonly servers = new Map<number, { readonly server: Server; check: HealthCheck }>();
  private readonly failures = new Map<number, string>();

  constructor(private readonly problems: Pick<Problems, 'set'>) {}

  /** The ports that are listened on. */
  get ports(): readonly number[] {
    return [...this.servers.keys()].filter((port) => !this.failures.has(port));
  }

  /** Listens on exactly these ports. A port that is taken is a problem, and is tried again at the next call. */
  async keep(checks: ReadonlyMap<number, HealthCheck>): Promise<void> {
    const gone = [...this.servers.keys()].filter((port) => !checks.has(port) || this.failures.has(port));
    for (const port of gone) this.close(port);
    for (const [port, check] of checks) {
      const running = this.servers.get(port);
      if (running === undefined) await this.open(port, check);
      else running.check = check;
    }
    this.problems.set('health checks', [...this.failures.values()]);
  }

  /** Closes all ports. */
  close(port?: number): void {
    for (const one of port === undefined ? [...this.servers.keys()] : [port]) {
      const server = this.servers.get(one)?.server;
      server?.close();
      server?.closeAllConnections();
      this.servers.delete(one);
      this.failures.delete(one);
    }
  }

  private async open(port: number, check: HealthCheck): Promise<void> {
    const server = createServer(
      {
        ...{ maxHeaderSize: LIMITS.headerBytes, keepAlive: false },
        ...{ headersTimeout: LIMITS.ms, requestTimeout: LIMITS.ms },
        connectionsCheckingInterval: LIMITS.ms,
      },
      (_, response) => {
        const current = this.servers.get(port)?.check;
        if (current === undefined) response.destroy();
        else answer(response, current);
      },
    );
    server.maxConnections = LIMITS.connections;
    server.setTimeout(LIMITS.ms);
    this.servers.set(port, { server, check });
    await new Promise<void>((resolve) => {
      server.on('error', (error) => {
        const why = explainError(error);
        this.failures.set(
          port,
          `Service ${check.service}: healthCheckNodePort ${port} cannot be used: ${why}`,
        );
        resolve();
      });
      server.listen(port, resolve);
    });
  }
}

function answer(response: ServerResponse, { service, localEndpoints }: HealthCheck): void {
  const [namespace = '', name = ''] = service.split('/');
  response.writeHead(localEndpoints > 0 ? 200 : 503, {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'x-load-balancing-endpoint-weight': String(localEndpoints),
    connection: 'close',
  });
  response.end(
    `${JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true })}\n`,
  );
}
