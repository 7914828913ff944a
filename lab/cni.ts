import type { Host } from './host.js';
import type { Lab } from './lab.js';
import type { Namespace, Outcome } from './namespace.js';
import { cniPlugin } from './project.js';
import type { Running } from './running.js';

/** A pod's sandbox, as a container runtime describes it to the plugin. */
export interface Sandbox {
  readonly containerId: string;
  readonly netns: string;
  readonly pod: string;
  /** The pod's UID, which kubelet passes, and podman does not. */
  readonly uid?: string;
}

/** Changes to the request that a runtime makes. */
export interface Changes {
  /** Variables of the environment to set or replace. */
  readonly env?: Readonly<Record<string, string>>;
  /** Fields of the network configuration to set or replace. */
  readonly config?: object;
  /** Text to send in place of the network configuration. */
  readonly input?: string;
  /** More arguments of env(1), which put stand-ins in place of real tools. */
  readonly tools?: readonly string[];
}

type Verb = 'ADD' | 'DEL' | 'CHECK' | 'VERSION';

/** Runs the plugin on a node as a runtime does for kubelet: with the environment and standard input. */
export class CniPlugin {
  constructor(private readonly host: Host) {}

  run(verb: Verb, sandbox: Sandbox, changes: Changes = {}): Promise<Outcome> {
    return this.host.net.attempt(argvOf(verb, sandbox, changes), { input: inputOf(changes) });
  }

  /** Runs ADD and returns its result; rejects if it fails. */
  async add(sandbox: Sandbox, changes: Changes = {}): Promise<CniResult> {
    const { exitCode, stdout, stderr } = await this.run('ADD', sandbox, changes);
    if (exitCode !== 0) throw new Error(`ADD ${sandbox.pod} exits with ${exitCode}: ${stdout} ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Starts the plugin and leaves it running. */
  start(verb: Verb, sandbox: Sandbox, changes: Changes = {}): Running {
    return this.host.net.spawn(argvOf(verb, sandbox, changes), {}, inputOf(changes));
  }
}

/** The plugin's standard output after an ADD (CNI specification, "ADD Success"). */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces: readonly { readonly name: string; readonly mac: string; readonly sandbox?: string }[];
  readonly ips: readonly {
    readonly address: string;
    readonly gateway?: string;
    readonly version?: string;
    readonly interface: number;
  }[];
  readonly routes: readonly { readonly dst: string; readonly gw?: string }[];
}

/** Makes a namespace for a pod's sandbox, as a runtime does before it asks for a network. */
export async function makeSandbox(lab: Lab, pod: string): Promise<Sandbox & { readonly net: Namespace }> {
  const net = await lab.namespace(pod);
  return { net, pod, containerId: `${net.name}-sandbox`, netns: `/run/netns/${net.name}` };
}

/** Returns what a runtime puts into the plugin's environment. */
export function cniEnvironment(
  verb: Verb,
  { containerId, netns, pod, uid }: Sandbox,
): Readonly<Record<string, string>> {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod};K8S_POD_INFRA_CONTAINER_ID=${containerId}${uid === undefined ? '' : `;K8S_POD_UID=${uid}`}`,
  };
}

function argvOf(verb: Verb, sandbox: Sandbox, { env = {}, tools = [] }: Changes): string[] {
  const variables = { ...cniEnvironment(verb, sandbox), ...env };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ['env', ...assignments, ...tools, process.execPath, cniPlugin()];
}

/** Returns what a runtime writes to the plugin's standard input. */
export function inputOf({ config = {}, input }: Changes): string {
  return input ?? JSON.stringify({ cniVersion: '1.0.0', name: 'ovn-kubernetes', type: 'ovn_cni', ...config });
}
