import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cniEnvironment, inputOf } from '../cni.js';
import type { Kubernetes } from '../kube.js';
import { podManifest } from '../manifests.js';
import { PROJECT } from '../project.js';
import type { Target, TargetAnswer } from '../targets.js';
import type { FileContent } from './disk.js';
import type { Machine } from './machine.js';

const NAME = 'pod';
const PORT = 8080;
const PLUGIN = '/opt/cni/bin/ovn_cni';
const AGENT = '/srv/lab/target_agent.mjs';
/** Milliseconds until a client opens another socket, and until a UDP client sends again. */
const PATIENCE = ['800', '300'];

/** The program that a pod of a machine runs, for `Machine.write`. */
export function podProgram(): Readonly<Record<string, FileContent>> {
  return { [AGENT.slice(1)]: readFileSync(join(PROJECT, 'lab/target_agent.mjs'), 'utf8') };
}

/** A pod on a machine, with a server of TCP and UDP. Its namespace ends with each boot, and its object stays. */
export class MachinePod {
  #sandboxes = 0;
  #addresses: readonly string[] = [];

  constructor(
    private readonly kubernetes: Kubernetes,
    private readonly machine: Machine,
    /** The node's name. */
    private readonly node: string,
  ) {}

  /** One address a family, without prefixes. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  readonly port = PORT;

  /** Makes the pod's sandbox and starts its server; after a boot, removes what the sandbox before it had in Open vSwitch. */
  async plug(): Promise<void> {
    const { machine } = this;
    await this.kubernetes.apply(podManifest(NAME, this.node));
    await machine.run('ip', 'netns', 'add', NAME);
    if (this.#sandboxes > 0) await this.#plugin('DEL', '');
    this.#sandboxes += 1;
    const { ips } = JSON.parse(await this.#plugin('ADD', `/run/netns/${NAME}`)) as {
      ips: { address: string }[];
    };
    this.#addresses = ips.map(({ address }) => address.split('/')[0] ?? '');
    await machine.run(
      ...['systemd-run', '--quiet', '--collect', `--unit=${NAME}`],
      ...['/usr/sbin/ip', 'netns', 'exec', NAME, '/usr/bin/node', AGENT],
      ...['serve', NAME, String(PORT), ...this.#addresses],
    );
  }

  /** Asks targets from inside the pod. */
  ask(targets: readonly Target[]): Promise<TargetAnswer[]> {
    return this.#ask(['ip', 'netns', 'exec', NAME], targets);
  }

  /** Asks targets from the pod's host. */
  askFromHost(targets: readonly Target[]): Promise<TargetAnswer[]> {
    return this.#ask([], targets);
  }

  async #ask(prefix: readonly string[], targets: readonly Target[]): Promise<TargetAnswer[]> {
    const argv = [...prefix, 'node', AGENT, 'ask', ...PATIENCE];
    return JSON.parse(await this.machine.feed(JSON.stringify(targets), ...argv));
  }

  #plugin(verb: 'ADD' | 'DEL', netns: string): Promise<string> {
    const sandbox = { pod: NAME, netns, containerId: `${NAME}-${this.#sandboxes}` };
    const assignments = Object.entries(cniEnvironment(verb, sandbox)).map(
      ([key, value]) => `${key}=${value}`,
    );
    return this.machine.feed(inputOf({}), 'env', ...assignments, PLUGIN);
  }
}
