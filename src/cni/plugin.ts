import { directories, localDatabase } from '../daemon/directories.js';
import type { PodNetwork } from '../kube/pod_annotation.js';
import { formatCidr } from '../net/cidr.js';
import { explainError } from '../net/errors.js';
import { POD_MTU, podPortName } from '../ovn/pods.js';
import { findBridge } from '../switch/bridges.js';
import { awaitSwitch } from '../switch/commit.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { IFACE_ID, OVN_INSTALLED, readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { findInterface } from '../switch/ports.js';
import { CniError, CODES } from './errors.js';
import { disagreements, readPrevResult } from './expected.js';
import { configureInside, createPair, deletePair, hostEnd, readInside, readMac } from './pod_interface.js';
import { awaitPodNetwork } from './pod_source.js';
import { type Attachment, type NetworkConfiguration, readAttachment } from './request.js';
import { formatResult } from './result.js';
import { addPodPort, awaitInstalled, removePodPort } from './switch_port.js';

/** How long the local database may take, in milliseconds. */
const DATABASE_MS = 5_000;

/**
 * Does what the runtime asks in `env`, of ADD, DEL and CHECK.
 * @returns what it is told on standard output
 * @throws CniError; nothing has been made then that was not there before
 */
export async function runPlugin(env: NodeJS.ProcessEnv, config: NetworkConfiguration): Promise<string> {
  const attachment = readAttachment(env);
  switch (env.CNI_COMMAND) {
    case 'ADD':
      return withSwitch(env, config, (db) => add(db, env, attachment, config));
    case 'DEL':
      return del(env, attachment, config);
    case 'CHECK':
      return withSwitch(env, config, (db) => check(db, attachment, config));
    default:
      throw new CniError(
        CODES.invalidEnvironment,
        `CNI_COMMAND=${env.CNI_COMMAND} is none of ADD, DEL, CHECK, VERSION`,
      );
  }
}

async function add(
  db: LocalDatabase,
  env: NodeJS.ProcessEnv,
  attachment: Attachment,
  { cniVersion, kubeconfig, timeoutMs, mtu = POD_MTU }: NetworkConfiguration,
): Promise<string> {
  const end = performance.now() + timeoutMs;
  const left = () => Math.max(1, Math.round(end - performance.now()));
  const systemIds = readSystemIds(db);
  const bridge = findIntegration(db, systemIds);
  const access = { kubeconfig, systemIds, sysconf: directories(env).sysconf, env };
  const network = await awaitPodNetwork(access, attachment, left());
  const host = hostEnd(attachment);
  const hostMac = (await isThere(db, attachment, network, host))
    ? await readMac(host)
    : await orTakeAway(db, host, async () => {
        if (findInterface(db, host) !== undefined) await takeAwayRest(db, host, left());
        await createPair(attachment, host, network.mac, mtu);
        const isUserspace = bridge.datapath_type === 'netdev';
        await all(
          configureInside(attachment, network, isUserspace),
          addPodPort(db, bridge._uuid, host, attachment, network, left()),
        );
        const [mac] = await Promise.all([readMac(host), awaitInstalled(db, host, left())]);
        return mac;
      });
  const ends = { host, hostMac, container: attachment.ifName, netns: attachment.netns };
  return formatResult(cniVersion, network, ends);
}

async function del(
  env: NodeJS.ProcessEnv,
  attachment: Attachment,
  config: NetworkConfiguration,
): Promise<string> {
  const host = hostEnd(attachment);
  // The pod is off the network even where the database does not answer.
  await deletePair(host);
  return withSwitch(env, config, async (db) => {
    await removePodPort(db, host, DATABASE_MS);
    return '';
  });
}

async function check(
  db: LocalDatabase,
  attachment: Attachment,
  { prevResult }: NetworkConfiguration,
): Promise<string> {
  const expected = readPrevResult(prevResult, attachment);
  const host = hostEnd(attachment);
  const wrong = [
    ...disagreements(expected, await readInside(attachment)),
    ...switchDisagreements(db, attachment, host),
  ];
  if (wrong.length > 0)
    throw new CniError(
      CODES.notAsItShould,
      `${podPortName(attachment.namespace, attachment.pod)}: ${wrong.join('; ')}`,
    );
  return '';
}

/** Whether an earlier ADD of the same has made all of it. */
async function isThere(
  db: LocalDatabase,
  attachment: Attachment,
  network: PodNetwork,
  host: string,
): Promise<boolean> {
  if (switchDisagreements(db, attachment, host).length > 0) return false;
  const expected = { ...network, addresses: network.addresses.map(formatCidr) };
  try {
    return disagreements(expected, await readInside(attachment)).length === 0;
  } catch (error) {
    // The pair has gone, or its other end is in another namespace.
    if (error instanceof CniError) return false;
    throw error;
  }
}

function switchDisagreements(db: LocalDatabase, attachment: Attachment, host: string): string[] {
  const ids = findInterface(db, host)?.external_ids;
  if (ids === undefined) return [`${host} is not on the integration bridge`];
  const id = podPortName(attachment.namespace, attachment.pod);
  return [
    ...(ids.get(IFACE_ID) === id ? [] : [`${host} is not that of logical port ${id}`]),
    ...(ids.get(OVN_INSTALLED) === 'true' ? [] : [`the flows of ${host} are not installed`]),
  ];
}

/** Runs `make`; when it fails, what it made so far is taken away before the error goes on. */
async function orTakeAway<T>(db: LocalDatabase, host: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    try {
      await takeAway(db, host);
    } catch (other) {
      const what = `${explainError(error)}; and ${host} could not be taken away again`;
      throw new CniError(CODES.inputOutput, what, { cause: other });
    }
    throw error;
  }
}

/**
 * Takes off the bridge what an ADD that was killed has left there, or what was spoilt since. ovs-vswitchd must have
 * let go of the device before there is another of that name, or it goes on reading the one that has gone.
 */
async function takeAwayRest(db: LocalDatabase, host: string, timeoutMs: number): Promise<void> {
  await takeAway(db, host);
  await awaitSwitch(db, timeoutMs);
}

async function takeAway(db: LocalDatabase, host: string): Promise<void> {
  await deletePair(host);
  await removePodPort(db, host, DATABASE_MS);
}

/** Waits for all of them, whatever becomes of some, so that nothing is still being made when this fails. */
async function all(...work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

async function withSwitch<T>(
  env: NodeJS.ProcessEnv,
  config: NetworkConfiguration,
  use: (db: LocalDatabase) => Promise<T>,
): Promise<T> {
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

function findIntegration(db: LocalDatabase, systemIds: ReadonlyMap<string, string>) {
  const name = integrationBridge(systemIds);
  const bridge = findBridge(db, name);
  if (bridge === undefined)
    throw new CniError(
      CODES.tryAgainLater,
      `bridge ${name} is not there; run ovn-k8s-overlay minion-init on this node`,
    );
  return bridge;
}
