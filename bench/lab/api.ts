import { join } from 'node:path';
import type { Host } from '../../lab/host.js';
import { Kubernetes, TOKEN } from '../../lab/kube.js';
import { PROJECT } from '../../lab/project.js';
import type { Running } from '../../lab/running.js';

const AGENT = join(PROJECT, 'bench/lab/api_agent.mjs');
/** Node ports for thousands of services. */
const NODE_PORTS = '10000-32767';

export type Request = readonly [method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object];

export interface ApiEvent {
  /** The wall clock in milliseconds when the benchmark's own watch received the event. */
  readonly at: number;
  readonly type: string;
  readonly name: string;
  /** Whether the object has the product's annotation. */
  readonly annotated: boolean;
}

/** A real API server on a host, and the benchmark's own client. */
export class Api {
  private constructor(
    private readonly kubernetes: Kubernetes,
    private readonly host: Host,
  ) {}

  /** Starts the server and configures the host with its address. */
  static async start(host: Host): Promise<Api> {
    const place = { net: host.net, dir: host.dir, address: '127.0.0.1', nodePorts: NODE_PORTS };
    const kubernetes = await Kubernetes.start(place);
    await host.vsctl('set', 'Open_vSwitch', '.', ...kubernetes.externalIds);
    return new Api(kubernetes, host);
  }

  /** Sends requests over 16 connections, at most `rate` a second. Returns the milliseconds that all of them took. */
  async send(requests: readonly Request[], rate = Number.POSITIVE_INFINITY): Promise<number> {
    return (await this.sendAll(requests, rate)).tookMs;
  }

  /** Sends one request. Returns the wall clock in milliseconds when the answer arrived. */
  async sendOne(request: Request): Promise<number> {
    return (await this.sendAll([request])).answeredAt;
  }

  private async sendAll(
    requests: readonly Request[],
    rate = Number.POSITIVE_INFINITY,
  ): Promise<{ tookMs: number; answeredAt: number }> {
    const input = JSON.stringify(requests);
    return JSON.parse(await this.host.exec(this.agent('send', String(rate)), { input }));
  }

  async watch(path: string): Promise<ApiWatch> {
    const running = this.host.net.spawn(this.agent('watch', path));
    await running.says(/watching/);
    return new ApiWatch(running);
  }

  private agent(...args: readonly string[]): string[] {
    return [process.execPath, AGENT, this.kubernetes.url, TOKEN, this.kubernetes.caFile, ...args];
  }
}

/** The events of one watch. Each read parses only new events, because the measured server shares the processors. */
export class ApiWatch {
  private readonly known: ApiEvent[] = [];
  private read = 0;

  constructor(private readonly running: Running) {}

  get events(): readonly ApiEvent[] {
    const { output } = this.running;
    const end = output.lastIndexOf('\n') + 1;
    for (const line of output.slice(this.read, end).split('\n'))
      if (line.startsWith('{')) this.known.push(JSON.parse(line) as ApiEvent);
    this.read = end;
    return this.known;
  }

  close(): void {
    void this.running.stop();
  }
}

/** Returns a service with one node port, from 10000 on. */
export function nodePortService(name: string, nodePort: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { type: 'NodePort', ports: [{ port: 80, nodePort }] },
  };
}

/** Node ports of {@link crowdedService}. Each is for TCP and for UDP, and each of those makes one flow a family. */
const PORTS_OF_ONE = 50;
export const FLOWS_OF_ONE = PORTS_OF_ONE * 2 * 2;

/** Returns the service with this number. It has {@link FLOWS_OF_ONE} flows. */
export function crowdedService(number: number): object {
  const ports = Array.from({ length: PORTS_OF_ONE }, (_, i) => 10_000 + number * PORTS_OF_ONE + i);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `crowded-${number}` },
    spec: {
      type: 'NodePort',
      ports: ports.flatMap((port) =>
        ['TCP', 'UDP'].map((protocol) => ({
          name: `${protocol.toLowerCase()}-${port}`,
          protocol,
          port,
          nodePort: port,
        })),
      ),
    },
  };
}
