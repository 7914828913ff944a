import type { Pod } from '../kube/kinds.js';
import { annotationOfPort } from '../kube/pod_annotation.js';
import { explainError, ProductError } from '../net/errors.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import { KEYS } from '../ovn/keys.js';
import { type PodSubnets, readPodSubnets } from '../ovn/pod_subnets.js';
import {
  IFACE_ID_VER,
  POD_KEYS,
  POD_MARK,
  type PodNetwork,
  podNetworkPairs,
  podPortName,
  splitPodKey,
} from '../ovn/pods.js';
import { freshNetwork, isUsable, reportedNetwork } from './desired_pod_network.js';
import { addressText, type PodPort, portColumns, portNetwork, wantedPort } from './desired_pod_port.js';
import type { PortAddress } from './state_address_pools.js';
import type { LogicalPort, LogicalSwitch, PortIndex } from './state_ports.js';

/** What a step found out about pods. */
export interface ReconciledPods {
  /** By pod, why it has no port or why its port cannot be read. */
  readonly problems: ReadonlyMap<string, string>;
  /** The pods that wait for an address: all of their switch are taken. */
  readonly waiting: readonly string[];
  /** The addresses that the transaction gives to pods. */
  readonly given: ReadonlySet<PortAddress>;
}

/**
 * Adds to `txn` what these pods' ports lack: the insertion of ports, the addresses that they may use, and the deletion
 * of ports that are no longer needed. A pod that fails is named, and the others are served.
 */
export function reconcilePods(
  index: PortIndex,
  txn: NorthboundTransaction,
  keys: Iterable<string>,
  podOf: (key: string) => Pod | undefined,
): ReconciledPods {
  const step = new PodStep(index, txn);
  const problems = new Map<string, string>();
  const waiting: string[] = [];
  for (const key of keys) {
    try {
      step.reconcile(key, podOf(key));
    } catch (error) {
      problems.set(key, `Pod ${key}: ${explainError(error)}`);
      if (error instanceof ProductError && error.code === 'ERR_SUBNET_FULL') waiting.push(key);
    }
  }
  return { problems, waiting, given: step.given };
}

/** The ports of one transaction. */
class PodStep {
  readonly given = new Set<PortAddress>();
  /** The subnets of the switches that were read in this step. */
  private readonly subnets = new Map<LogicalSwitch, PodSubnets>();

  constructor(
    private readonly index: PortIndex,
    private readonly txn: NorthboundTransaction,
  ) {}

  /** @throws ProductError if the pod can have no port now, or its port cannot be read */
  reconcile(key: string, pod: Pod | undefined): void {
    const { index } = this;
    const wanted = pod === undefined ? undefined : wantedPort(pod);
    const name = podPortName(...splitPodKey(key));
    const actual = index.port(name);
    if (actual !== undefined && !actual.external_ids.has(POD_MARK)) {
      if (wanted !== undefined) throw foreignPort(name);
      return;
    }
    const owner = actual && index.switchOf(actual._uuid);
    if (actual !== undefined && owner !== undefined) {
      if (wanted !== undefined && isOf(wanted, actual, owner)) {
        this.mend(wanted, actual, owner);
        return;
      }
      this.txn.mutate('Logical_Switch', owner._uuid, { ports: { delete: [actual._uuid] } });
    }
    if (wanted !== undefined) this.insert(wanted);
  }

  private insert(wanted: PodPort): void {
    const { index, txn } = this;
    const target = index.switchNamed(wanted.node);
    if (target === undefined)
      throw new ProductError(
        'ERR_POD_PORT',
        `node ${wanted.node} has no Logical_Switch; run minion-init there`,
      );
    const { network, requiresUid } = this.networkFor(wanted, target);
    for (const address of addressesOf(network)) this.given.add(address);
    const port = txn.insert('Logical_Switch_Port', portColumns(wanted, network, requiresUid));
    txn.mutate('Logical_Switch', target._uuid, { ports: { insert: [port] } });
  }

  /**
   * Returns the addresses for a port that does not exist: those of the pod's port that was deleted, else those that
   * kubelet reports, else fresh ones. The interface of a pod that runs may be older than its UID's place there, so a
   * port that is made again requires the UID only if it did before.
   */
  private networkFor(wanted: PodPort, target: LogicalSwitch): { network: PodNetwork; requiresUid: boolean } {
    const subnets = this.subnetsOf(target);
    const deleted = this.deletedNetwork(wanted, subnets);
    if (deleted !== undefined) return deleted;
    const reported = reportedNetwork(subnets, wanted.reported, this.isFree);
    if (reported !== undefined) return { network: reported, requiresUid: false };
    const pool = this.index.poolOf(target, subnets);
    const takeIpv4 = () => {
      const address = pool?.take(this.isFree);
      if (address !== undefined) this.given.add(address);
      return address;
    };
    const network = freshNetwork(subnets, takeIpv4, this.isFree, wanted.uid);
    if (network !== undefined) return { network, requiresUid: true };
    throw new ProductError(
      'ERR_SUBNET_FULL',
      `Logical_Switch ${target.name} has no free address; it gets the next one that a pod leaves`,
    );
  }

  private deletedNetwork(wanted: PodPort, subnets: PodSubnets) {
    const port = this.index.deletedPort(wanted.name);
    if (port?.external_ids.get(POD_KEYS.uid) !== wanted.uid) return undefined;
    try {
      const network = portNetwork(port, subnets.gateways);
      return network !== undefined && isUsable(subnets, network, this.isFree)
        ? { network, requiresUid: port.options.has(IFACE_ID_VER) }
        : undefined;
    } catch {
      // What an operator had written on it does not count any more.
      return undefined;
    }
  }

  /** Binds a pod's port to the addresses that it has, and writes them where the CNI plugin reads them. */
  private mend(wanted: PodPort, actual: LogicalPort, owner: LogicalSwitch): void {
    const wants = `${wanted.uid} ${owner.external_ids.get(KEYS.gatewayIp)}`;
    if (this.index.isRight(actual, wants)) return;
    const network = portNetwork(actual, this.subnetsOf(owner).gateways);
    if (network === undefined) {
      const text = JSON.stringify(actual.addresses.join());
      throw new ProductError(
        'ERR_POD_PORT',
        `Logical_Switch_Port ${actual.name}: ovn-northd has not allocated its addresses ${text} yet; is ovn-northd running?`,
      );
    }
    const text = addressText(network);
    const isBound = actual.port_security.length === 1 && actual.port_security[0] === text;
    if (!isBound) this.txn.update('Logical_Switch_Port', actual._uuid, { port_security: [text] });
    const pairs = [[POD_KEYS.uid, wanted.uid] as const, ...podNetworkPairs(network)];
    const changed = pairs.filter(([key, value]) => actual.external_ids.get(key) !== value);
    if (changed.length > 0)
      this.txn.mutate('Logical_Switch_Port', actual._uuid, {
        external_ids: { set: Object.fromEntries(changed) },
      });
    const addresses = addressesOf(network);
    const rival = this.index.rivalOf(actual, addresses, owner);
    if (rival !== undefined) throw sharedAddress(actual, text, rival);
    if (isBound && changed.length === 0) this.index.setRight(actual, wants, addresses);
  }

  private subnetsOf(row: LogicalSwitch): PodSubnets {
    const subnets = this.subnets.get(row) ?? readPodSubnets(row);
    this.subnets.set(row, subnets);
    return subnets;
  }

  private readonly isFree = (address: PortAddress): boolean =>
    !this.index.isTaken(address) && !this.given.has(address);
}

/** Returns whether a port is of this pod, and not of an earlier one of the same name, or on another node. */
function isOf({ node, uid }: PodPort, { external_ids }: LogicalPort, owner: LogicalSwitch): boolean {
  // An earlier version of the watcher wrote no UID.
  return owner.name === node && (external_ids.get(POD_KEYS.uid) ?? uid) === uid;
}

function addressesOf({ mac, addresses }: PodNetwork): PortAddress[] {
  return [mac, ...addresses.map(({ address }) => address)];
}

/** An operator, or OVN at an operator's request, gave a port an address that another has. */
function sharedAddress({ name }: LogicalPort, text: string, rival: LogicalPort): ProductError {
  return new ProductError(
    'ERR_POD_PORT',
    `Logical_Switch_Port ${name}: an address of ${text} is also that of Logical_Switch_Port ${rival.name}; give one of them another with ovn-nbctl lsp-set-addresses`,
  );
}

function foreignPort(name: string): ProductError {
  return new ProductError(
    'ERR_POD_PORT',
    `Logical_Switch_Port ${name} exists and belongs to no pod; rename one of them`,
  );
}

/** Returns the annotation that says what a pod's port has; `undefined` if the pod has no port of its own yet. */
export function podAnnotation(index: PortIndex, { name, uid }: PodPort): string | undefined {
  const ids = index.port(name)?.external_ids;
  if (ids?.get(POD_MARK) !== 'true' || ids.get(POD_KEYS.uid) !== uid) return undefined;
  return annotationOfPort(ids);
}
