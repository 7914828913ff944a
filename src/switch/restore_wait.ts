import { type LocalDatabase, rootOf } from './connection.js';

/**
 * The key of `other_config` with which an ovs-vswitchd that starts leaves the packets alone until the key goes: it keeps
 * what the kernel forwards, and forwards nothing else (ovs-vswitchd.conf.db(5)).
 */
export const FLOW_RESTORE_WAIT = 'flow-restore-wait';

/** Whether the next ovs-vswitchd that starts waits for its flows. */
export function isRestoreWaitSet(db: LocalDatabase): boolean {
  return db.table('Open_vSwitch').get(rootOf(db))?.other_config.get(FLOW_RESTORE_WAIT) === 'true';
}

/** Makes the next ovs-vswitchd that starts wait for its flows, or ends the wait. @throws TransactionError, OutcomeUnknown */
export async function setRestoreWait(db: LocalDatabase, isOn: boolean, timeoutMs: number): Promise<void> {
  const txn = db.transaction(`ovn-k8s-util: ${isOn ? 'set' : 'clear'} ${FLOW_RESTORE_WAIT}`);
  const change = isOn ? { set: { [FLOW_RESTORE_WAIT]: 'true' } } : { delete: [FLOW_RESTORE_WAIT] };
  txn.mutate('Open_vSwitch', rootOf(db), { other_config: change });
  await txn.commit({ timeoutMs });
}
