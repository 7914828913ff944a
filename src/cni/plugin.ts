// The CNI plugin `ovn_cni`: gives a pod its interface on OVN (CNI specification 0.3 to 1.0).
// main.ts answers the runtime; request.ts and stdin.ts read its request; pod_binding.ts waits for the pod's row in the
// southbound database; veth_pair.ts and pod_interface.ts change the kernel; switch_port.ts changes the local
// Open_vSwitch; add.ts puts them in order; result.ts and errors.ts write the answer.
import { localDatabase } from '../daemon/directories.js';
import { explainError, UsageError } from '../net/errors.js';
import { podPortName } from '../ovn/pods.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { add } from './add.js';
import type { Call } from './call.js';
import { CniError, CODES } from './errors.js';
import { disagreements, readPrevResult } from './expected.js';
import { readInside } from './pod_interface.js';
import { type RunProgram, runProgram } from './program.js';
import { type NetworkConfiguration, readAttachment } from './request.js';
import { attachmentRows, removePodPort, switchDisagreements } from './switch_port.js';
import { deletePair, hostEnd } from './veth_pair.js';

/** The time limit of the local database, in milliseconds. */
const DATABASE_MS = 5_000;

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
  const { uid } = attachment;
  const wrong = [
    ...disagreements(expected, await readInside(run, attachment)),
    ...switchDisagreements(db, attachment, hostEnd(attachment), { mac: expected.mac, uid }),
  ];
  if (wrong.length > 0)
    throw new CniError(
      CODES.checkFailed,
      `${podPortName(attachment.namespace, attachment.pod)}: ${wrong.join('; ')}`,
    );
  return '';
}

async function withDatabase<T>(
  { env, config, attachment }: Call,
  use: (db: LocalDatabase) => Promise<T>,
): Promise<T> {
  const { namespace, pod } = attachment;
  const port = pod === '' ? undefined : podPortName(namespace, pod);
  const conditions = attachmentRows(hostEnd(attachment), port);
  let db: LocalDatabase;
  try {
    db = await connectLocalDatabase(config.db ?? localDatabase(env), DATABASE_MS, {
      conditions,
      presumeSchema: true,
    });
  } catch (error) {
    const code = error instanceof UsageError ? CODES.invalidConfiguration : CODES.tryAgainLater;
    throw new CniError(code, explainError(error), { cause: error });
  }
  try {
    return await use(db);
  } finally {
    db.close();
  }
}
