import { explainError } from '../net/errors.js';
import { printable } from '../net/printable.js';
import { POD_KEYS, POD_MARK, type PodNetwork, readPodNetwork } from '../ovn/pods.js';
import { southboundTls } from '../ovn/southbound.js';
import { serverName } from '../ovn/tls.js';
import { type Client, connect } from '../ovsdb/client.js';
import type { RowOf } from '../ovsdb/columns.js';
import { WaitExpired, WaitTimedOut } from '../ovsdb/errors.js';
import { podBindings } from '../ovsdb/tables/ovn_southbound.js';
import type { LocalDatabase } from '../switch/connection.js';
import { OVN_REMOTE, readSystemIds, requireSystemId } from '../switch/external_ids.js';
import { CniError, CODES } from './errors.js';

/** The longest that one remote of a list may take before the next one is tried, in milliseconds. */
const ATTEMPT_MS = 5_000;

type BindingRow = RowOf<typeof podBindings, 'Port_Binding'>;

/** The pod that the runtime asks for. */
export interface WantedPod {
  /** `NAMESPACE/NAME`, for messages. */
  readonly key: string;
  /** The name of its logical port. */
  readonly port: string;
  /** `undefined` if the runtime does not pass it. */
  readonly uid: string | undefined;
}

/** What the southbound database says of a pod. */
export interface PodBinding {
  readonly row: BindingRow;
  /** `undefined` only for the port of an earlier version's watcher. */
  readonly uid: string | undefined;
  readonly network: PodNetwork;
}

/** The Port_Binding of one pod. Connects when it is made, and monitors that row only. */
export class PodBindingSource {
  private readonly connecting: Promise<Client<typeof podBindings>>;

  /**
   * @param signal closes the connection, and ends a wait with its reason
   * @throws CniError if the local switch does not say where the database is
   */
  constructor(
    local: LocalDatabase,
    private readonly wanted: WantedPod,
    sysconf: string,
    timeoutMs: number,
    private readonly signal: AbortSignal,
  ) {
    this.connecting = connect(podBindings, {
      ...whereIs(local, sysconf),
      ...{ timeoutMs, signal },
      attemptMs: Math.min(timeoutMs, ATTEMPT_MS),
      // Any server of a cluster will do: each has what northd wrote.
      leaderOnly: false,
      presumeSchema: true,
      conditions: { Port_Binding: [['logical_port', '==', wanted.port]] },
    });
    // `wait` reports it.
    this.connecting.catch(() => undefined);
  }

  /**
   * Waits until the row describes the wanted pod, which the watcher may write after the runtime starts the plugin.
   * @throws CniError after `timeoutMs`, with the last reason
   */
  async wait(timeoutMs: number): Promise<PodBinding> {
    const db = await this.connected();
    let why = '';
    const look = () => {
      const found = readBinding(db.find('Port_Binding', isAny), this.wanted);
      if (typeof found === 'object') return found;
      why = found;
      return undefined;
    };
    try {
      return await db.until(look, { timeoutMs, what: this.wanted.port, signal: this.signal });
    } catch (error) {
      if (!(error instanceof WaitExpired)) throw error;
      throw new CniError(
        CODES.tryAgainLater,
        `Pod ${this.wanted.key} has no network after ${timeoutMs} ms: ${why}`,
      );
    }
  }

  /** Asks the database whether the row of `binding` is still as it was read. */
  async isCurrent({ row }: PodBinding, timeoutMs: number): Promise<boolean> {
    const txn = (await this.connected()).transaction('ovn-k8s-cni-overlay: compare');
    txn.expect('Port_Binding', row._uuid, { external_ids: row.external_ids });
    try {
      await txn.commit({ timeoutMs });
      return true;
    } catch (error) {
      if (error instanceof WaitTimedOut) return false;
      throw error;
    }
  }

  private async connected(): Promise<Client<typeof podBindings>> {
    try {
      return await this.connecting;
    } catch (error) {
      throw new CniError(CODES.tryAgainLater, explainError(error), { cause: error });
    }
  }
}

/** Returns what the row says of the wanted pod, or why it does not describe that pod. */
export function readBinding(row: BindingRow | undefined, { port, uid }: WantedPod): PodBinding | string {
  if (row === undefined)
    return `OVN has no logical port ${port}; is the pod scheduled, and is ovn-k8s-watcher running?`;
  const ids = row.external_ids;
  if (ids.get(POD_MARK) !== 'true') return `logical port ${port} is not a pod's`;
  const has = ids.get(POD_KEYS.uid);
  if (uid !== undefined && has === undefined)
    return `logical port ${port} has no ${POD_KEYS.uid}; is ovn-k8s-watcher of this version running?`;
  if (uid !== undefined && has !== uid)
    return `logical port ${port} is of the pod with UID ${printable(String(has))}, and the runtime asks for UID ${uid}`;
  try {
    const network = readPodNetwork(ids);
    if (network === undefined || network.addresses.length === 0)
      return `logical port ${port} has no addresses yet; is ovn-k8s-watcher running?`;
    return { row, uid: has, network };
  } catch (error) {
    return `logical port ${port}: ${explainError(error)}`;
  }
}

/** The monitor has the row of one port only. */
function isAny(): boolean {
  return true;
}

function whereIs(local: LocalDatabase, sysconf: string) {
  try {
    const systemIds = readSystemIds(local);
    const remotes = requireSystemId(systemIds, OVN_REMOTE, 'tcp:CENTRAL:6642');
    const [row] = local.table('SSL').values();
    const tls = southboundTls(remotes, { sysconf, name: serverName(systemIds, OVN_REMOTE), row });
    return { remotes, ...(tls === undefined ? {} : { tls }) };
  } catch (error) {
    throw new CniError(CODES.invalidConfiguration, explainError(error), { cause: error });
  }
}
