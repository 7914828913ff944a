import { directories } from '../daemon/directories.js';
import { formatCidr } from '../net/cidr.js';
import { explainError } from '../net/errors.js';
import { POD_MTU, podPortName } from '../ovn/pods.js';
import { findBridge } from '../switch/bridges.js';
import { awaitSwitch } from '../switch/commit.js';
import type { LocalDatabase } from '../switch/connection.js';
import { readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { findInterface } from '../switch/ports.js';
import type { Call } from './call.js';
import { CniError, CODES } from './errors.js';
import { disagreements } from './expected.js';
import { type PodBinding, PodBindingSource } from './pod_binding.js';
import { configureInside, readInside, turnOffloadOff } from './pod_interface.js';
import { formatResult } from './result.js';
import {
  addPodPort,
  awaitInstalled,
  type PodPort,
  removePodPort,
  rivalsOf,
  switchDisagreements,
} from './switch_port.js';
import { createPair, deletePair, hostEnd, hostMac, readMac } from './veth_pair.js';

/** The time limit of a clean-up in the local database, in milliseconds. */
const CLEAN_UP_MS = 5_000;

/**
 * Gives the pod its interface. The kernel's part is done while the southbound database answers.
 * @returns the result for the runtime
 * @throws CniError; nothing is left behind
 */
export async function add(db: LocalDatabase, call: Call): Promise<string> {
  const { env, config, attachment, run } = call;
  const { cniVersion, timeoutMs } = config;
  const { namespace, pod, uid, containerId, ifName, netns } = attachment;
  const end = performance.now() + timeoutMs;
  const leftMs = () => Math.max(1, Math.round(end - performance.now()));
  const bridge = findIntegrationBridge(db);
  const host = hostEnd(attachment);
  const port: PodPort = { bridge: bridge._uuid, host, port: podPortName(namespace, pod), containerId };
  rivalsOf(db, port.port, host);

  const stop = new AbortController();
  const wanted = { key: `${namespace}/${pod}`, port: port.port, uid };
  const source = new PodBindingSource(db, wanted, directories(env).sysconf, timeoutMs, stop.signal);
  const result = ({ network }: PodBinding, mac: string) =>
    formatResult(cniVersion, network, { host, hostMac: mac, container: ifName, netns });
  const prepare = async () => {
    await createPair(run, attachment, config.mtu ?? POD_MTU);
    if (bridge.datapath_type === 'netdev') await turnOffloadOff(run, attachment);
  };
  try {
    const isRepeated = findInterface(db, host) !== undefined;
    if (isRepeated) {
      const binding = await source.wait(leftMs());
      if (await isComplete(db, call, binding, host)) return result(binding, await readMac(run, host));
    }
    return await orCleanUp(db, call, host, async () => {
      if (isRepeated) await cleanUpEarlier(db, call, host, leftMs());
      const preparing = prepare();
      preparing.catch((error) => stop.abort(error));
      const waiting = source.wait(leftMs());
      await settleAll(preparing, waiting);
      const binding = await waiting;
      const isCurrent = () => source.isCurrent(binding, leftMs());
      await settleAll(
        configureInside(run, attachment, binding.network),
        addPodPort(db, port, binding, isCurrent, leftMs),
      );
      await awaitInstalled(db, port, leftMs());
      return result(binding, hostMac(attachment));
    });
  } finally {
    stop.abort();
  }
}

/** Returns whether an earlier ADD of the same attachment has done everything. */
async function isComplete(
  db: LocalDatabase,
  { attachment, run }: Call,
  { network, uid }: PodBinding,
  host: string,
): Promise<boolean> {
  const { mac, addresses, gateways } = network;
  if (switchDisagreements(db, attachment, host, { mac, uid }).length > 0) return false;
  const expected = { mac, gateways, addresses: addresses.map(formatCidr) };
  try {
    return disagreements(expected, await readInside(run, attachment)).length === 0;
  } catch (error) {
    // The pair was deleted, or the pod's end is in another namespace.
    if (error instanceof CniError) return false;
    throw error;
  }
}

/** Runs `make`. If it fails, removes what it made, then throws its error. */
async function orCleanUp<T>(db: LocalDatabase, call: Call, host: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    try {
      await cleanUp(db, call, host);
    } catch (cause) {
      throw new CniError(CODES.inputOutput, `${explainError(error)}; and ${host} could not be removed`, {
        cause,
      });
    }
    throw error;
  }
}

/**
 * Removes a port that a killed ADD left on the bridge, or that was damaged after its ADD. Then waits until ovs-vswitchd
 * has closed the device: else ovs-vswitchd would ignore a new device of this name and keep reading the deleted one.
 */
async function cleanUpEarlier(db: LocalDatabase, call: Call, host: string, timeoutMs: number): Promise<void> {
  await cleanUp(db, call, host);
  await awaitSwitch(db, timeoutMs);
}

async function cleanUp(db: LocalDatabase, { run }: Call, host: string): Promise<void> {
  await deletePair(run, host);
  await removePodPort(db, host, CLEAN_UP_MS);
}

/** Waits for all of `work`, then throws the first failure, so that no part still runs when it throws. */
async function settleAll(...work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

function findIntegrationBridge(db: LocalDatabase) {
  const name = integrationBridge(readSystemIds(db));
  const bridge = findBridge(db, name);
  if (bridge === undefined)
    throw new CniError(
      CODES.tryAgainLater,
      `bridge ${name} does not exist; run ovn-k8s-overlay minion-init on this node`,
    );
  return bridge;
}
