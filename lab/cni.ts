import type { Host } from './host.js';
import type { Lab } from './lab.js';
import type { Namespace, Outcome } from './namespace.js';
import { executable } from './project.js';
import type { Running } from './running.js';

/** What a runtime says of a pod's sandbox. */
export interface Sandbox {
  readonly containerId: string;
  readonly netns: string;
  readonly pod: string;
}

/** What a runtime may say otherwise than it does. */
export interface Saying {
  /** In place of variables of the environment, or beside them. */
  readonly env?: Readonly<Record<string, string>>;
  /** In place of fields of the network configuration, or beside them. */
  readonly config?: object;
  /** In place of the whole of it. */
  readonly input?: string;
  /** Further words for `env`, which have other tools stand in for the real ones. */
  readonly tools?: readonly string[];
}

type Verb = 'ADD' | 'DEL' | 'CHECK' | 'VERSION';

/** The plugin on a node, driven as a runtime does it for kubelet: by the environment and standard input. */
export class CniPlugin {
  constructor(private readonly host: Host) {}

  run(verb: Verb, sandbox: Sandbox, saying: Saying = {}): Promise<Outcome> {
    return this.host.net.attempt(argvOf(verb, sandbox, saying), { input: inputOf(saying) });
  }

  /** The result of an ADD that is to succeed. */
  async add(sandbox: Sandbox, saying: Saying = {}): Promise<CniResult> {
    const { exitCode, stdout, stderr } = await this.run('ADD', sandbox, saying);
    if (exitCode !== 0) throw new Error(`ADD ${sandbox.pod}: ${stdout} ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Starts it, and leaves it running. */
  start(verb: Verb, sandbox: Sandbox, saying: Saying = {}): Running {
    return this.host.net.spawn(argvOf(verb, sandbox, saying), {}, inputOf(saying));
  }
}

/** What the plugin says on standard output after an ADD (CNI specification, "ADD Success"). */
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

/** A namespace for a pod's sandbox, as a runtime makes it before it asks for a network. */
export async function makeSandbox(lab: Lab, pod: string): Promise<Sandbox & { readonly net: Namespace }> {
  const net = await lab.namespace(pod);
  return { net, pod, containerId: `${net.name}-sandbox`, netns: `/run/netns/${net.name}` };
}

function argvOf(
  verb: Verb,
  { containerId, netns, pod }: Sandbox,
  { env = {}, tools = [] }: Saying,
): string[] {
  const variables = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod};K8S_POD_INFRA_CONTAINER_ID=${containerId}`,
    ...env,
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ['env', ...assignments, ...tools, process.execPath, executable('ovn-k8s-cni-overlay')];
}

function inputOf({ config = {}, input }: Saying): string {
  return input ?? JSON.stringify({ cniVersion: '1.0.0', name: 'ovn-kubernetes', type: 'ovn_cni', ...config });
}
