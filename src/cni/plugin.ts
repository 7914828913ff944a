// The CNI plugin `ovn_cni`: gives a pod its interface on OVN (CNI specification 0.3 to 1.0).
// request.ts and stdin.ts read the runtime's request; pod_source.ts waits for the pod's annotation; veth_pair.ts and
// pod_interface.ts change the kernel; switch_port.ts changes the local Open_vSwitch; result.ts and errors.ts write the
// answer.
import { directories, localDatabase } from '../daemon/directories.js';
import type { PodNetwork } from '../kube/pod_annotation.js';
import { formatCidr } from '../net/cidr.js';
import { explainError } from '../net/errors.js';
import { POD_MTU, podPortName } from '../ovn/pods.js';
import { findBridge } from '../switch/bridges.js';
import { awaitSwitch } from '../switch/commit.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { findInterface } from '../switch/ports.js';
import { CniError, CODES } from './errors.js';
import { disagreements, readPrevResult } from './expected.js';
import { configureInside, readInside } from './pod_interface.js';
import { awaitPodNetwork } from './pod_source.js';
import { type RunProgram, runProgram } from './program.js';
import { type Attachment, type NetworkConfiguration, readAttachment } from './request.js';
import { formatResult } from './result.js';
import { addPodPort, awaitInstalled, removePodPort, switchDisagreements } from './switch_port.js';
import { createPair, deletePair, hostEnd, readMac } from './veth_pair.js';

/** The time limit of the local database, in milliseconds. */
const DATABASE_MS = 5_000;

/** One request of the runtime, and the way to run programs for it. */
interface Call {
  readonly env: NodeJS.ProcessEnv;
  readonly config: NetworkConfiguration;
  readonly attachment: Attachment;
  readonly run: RunProgram;
}

/**
 * Executes the CNI_COMMAND of `env`: ADD, DEL or CHECK.
 * @returns the text for standard output
 * @throws CniError; an ADD that fails leaves nothing behind
 */
export async function runPlugin(
  env: NodeJS.ProcessEnv,
  config: NetworkConfiguration,
  run: RunProgram = runProgram,
): Promise<string> {
  const call: Call = { env, config, attachment: readAttachment(env), run };
  switch (env.CNI_COMMAND) {
    case 'ADD':
      return withDatabase(call, (db) => add(db, call));
    case 'DEL':
      return del(call);
    case 'CHECK':
      return withDatabase(call, (db) => check(db, call));
    default:
      throw new CniError(
        CODES.invalidEnvironment,
        `CNI_COMMAND=${env.CNI_COMMAND} is none of ADD, DEL, CHECK, VERSION`,
      );
  }
}

async function add(db: LocalDatabase, call: Call): Promise<string> {
  const { env, config, attachment, run } = call;
  const { cniVersion, kubeconfig, timeoutMs, mtu = POD_MTU } = config;
  const end = performance.now() + timeoutMs;
  const leftMs = () => Math.max(1, Math.round(end - performance.now()));
  const systemIds = readSystemIds(db);
  const bridge = findIntegrationBridge(db, systemIds);
  const access = { kubeconfig, systemIds, sysconf: directories(env).sysconf, env };
  const network = await awaitPodNetwork(access, attachment, leftMs());
  const host = hostEnd(attachment);
  const hostMac = (await isComplete(db, call, network, host))
    ? await readMac(run, host)
    : await orCleanUp(db, call, host, async () => {
        if (findInterface(db, host) !== undefined) await cleanUpEarlier(db, call, host, leftMs());
        await createPair(run, attachment, host, network.mac, mtu);
        const isUserspace = bridge.datapath_type === 'netdev';
        await settleAll(
          configureInside(run, attachment, network, isUserspace),
          addPodPort(db, bridge._uuid, host, attachment, network, leftMs()),
        );
        const [mac] = await Promise.all([readMac(run, host), awaitInstalled(db, host, leftMs())]);
        return mac;
      });
  const ends = { host, hostMac, container: attachment.ifName, netns: attachment.netns };
  return formatResult(cniVersion, network, ends);
}

async function del(call: Call): Promise<string> {
  const host = hostEnd(call.attachment);
  // Deletes the pair first, so that the pod is off the network even if the database does not answer.
  await deletePair(call.run, host);
  return withDatabase(call, async (db) => {
    await removePodPort(db, host, DATABASE_MS);
    return '';
  });
}

async function check(db: LocalDatabase, { config, attachment, run }: Call): Promise<string> {
  const expected = readPrevResult(config.prevResult, attachment);
  const wrong = [
    ...disagreements(expected, await readInside(run, attachment)),
    ...switchDisagreements(db, attachment, hostEnd(attachment)),
  ];
  if (wrong.length > 0)
    throw new CniError(
      CODES.checkFailed,
      `${podPortName(attachment.namespace, attachment.pod)}: ${wrong.join('; ')}`,
    );
  return '';
}

/** Returns whether an earlier ADD of the same attachment has done everything. */
async function isComplete(
  db: LocalDatabase,
  { attachment, run }: Call,
  network: PodNetwork,
  host: string,
): Promise<boolean> {
  if (switchDisagreements(db, attachment, host).length > 0) return false;
  const expected = { ...network, addresses: network.addresses.map(formatCidr) };
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
  await removePodPort(db, host, DATABASE_MS);
}

/** Waits for all of `work`, then throws the first failure, so that no part still runs when it throws. */
async function settleAll(...work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

async function withDatabase<T>({ env, config }: Call, use: (db: LocalDatabase) => Promise<T>): Promise<T> {
  let db: LocalDatabase;
  try {
    db = await connectLocalDatabase(config.db ?? localDatabase(env), DATABASE_MS);
  } catch (error) {
    throw new CniError(CODES.tryAgainLater, explainError(error), { cause: error });
  }
  try {
    return await use(db);
  } finally {
    db.close();
  }
}

function findIntegrationBridge(db: LocalDatabase, systemIds: ReadonlyMap<string, string>) {
  const name = integrationBridge(systemIds);
  const bridge = findBridge(db, name);
  if (bridge === undefined)
    throw new CniError(
      CODES.tryAgainLater,
      `bridge ${name} does not exist; run ovn-k8s-overlay minion-init on this node`,
    );
  return bridge;
}
