import { ProductError } from '../net/errors.js';
import {
  attach,
  bestDatapath,
  bridgeOf,
  createBridge,
  type DatapathType,
  deleteBridge,
  detach,
  findBridge,
  type Switch,
} from './bridge_rows.js';
import { findDhcpOwner, hasLease, readSurroundings } from './dhcp_owner.js';
import { restartDhcp, tellDhcp } from './dhcp_step.js';
import { guardScript, removeGuard, setGuard } from './guard.js';
import { Journal, resumed } from './journal.js';
import { leftovers } from './leftovers.js';
import { addMove } from './move_step.js';
import { Plan } from './plan.js';
import { ip, readSnapshot } from './read.js';
import { rehung, type Snapshot } from './snapshot.js';
import { sysctlChanges, writeSysctls } from './sysctls.js';

export interface MoveOptions {
  readonly rundir: string;
  readonly timeoutMs: number;
  readonly datapath: DatapathType | undefined;
  readonly restartDhcp: boolean;
}

/** The kernel takes at most 15 characters (IFNAMSIZ less one). */
const MAX_NAME = 15;

/**
 * The plan that puts `nic` on bridge `brNIC` with everything that hangs on it. Looks, and changes nothing.
 * @throws ProductError for a NIC that cannot be moved, naming why
 */
export async function planToBridge(db: Switch, nic: string, options: MoveOptions): Promise<Plan> {
  const bridge = `br${nic}`;
  const { timeoutMs, rundir } = options;
  const journal = new Journal(rundir, nic);
  const now = await readSnapshot(nic);
  refuse(db, now, bridge);
  const snapshot = await takeUp(now, bridge, journal);
  const existing = findBridge(db, bridge);
  const datapath =
    existing === undefined
      ? (options.datapath ?? bestDatapath(db))
      : existing.datapath_type === 'netdev'
        ? 'netdev'
        : 'system';
  const plan = new Plan();

  if (existing === undefined) {
    const { address: mac, mtu } = now.link;
    plan.add({
      name: `make bridge ${bridge}`,
      details: [`datapath ${datapath}, fail-mode standalone, MAC ${mac}, MTU ${mtu}`],
      run: () => createBridge(db, bridge, { mac, mtu, datapath, timeoutMs }),
      undo: () => deleteBridge(db, bridge, timeoutMs),
    });
  }
  plan.add({
    name: `prepare ${bridge}`,
    details: ['copy the sysctls of the interface, no addresses of its own, up'],
    run: async () => {
      // First a change that takes the kernel's rtnl lock: after it the device is registered for both families.
      await ip('link', 'set', bridge, 'addrgenmode', 'none');
      const refused = writeSysctls(sysctlChanges(nic, bridge));
      if (refused.length > 0)
        throw new ProductError('ERR_SYSCTL', `cannot write ${refused.map(({ path }) => path).join(', ')}`);
      await ip('link', 'set', bridge, 'up');
    },
  });
  if (bridgeOf(db, nic) === undefined) {
    plan.add({
      name: `attach ${nic} to ${bridge}`,
      details: [],
      run: () => attach(db, bridge, nic, timeoutMs),
      undo: () => detach(db, nic, timeoutMs),
    });
  }
  if (datapath === 'netdev') {
    plan.add({
      name: `keep the kernel from answering what ${bridge} answers`,
      details: guardScript(nic).trimEnd().split('\n'),
      run: () => setGuard(nic),
      undo: () => removeGuard(nic),
    });
  }
  addMove(plan, snapshot, bridge, journal);
  await addDhcp(plan, now, bridge, options);
  for (const note of await leftovers(nic)) plan.note(note);
  return plan;
}

/** What must be moved: what is there, with what a move that was cut off had taken down. */
async function takeUp(now: Snapshot, bridge: string, journal: Journal): Promise<Snapshot> {
  const before = journal.read();
  if (before === undefined) return now;
  const moved = await readSnapshot(bridge).catch(() =>
    rehung({ ...now, addresses: [], routes: [], rules: [], neighbours: [] }, bridge),
  );
  return before.device === now.device
    ? resumed(now, before, moved)
    : resumed(now, rehung(before, now.device), moved);
}

/** A lease moves with what is left of it; somebody must renew it where it is now. */
async function addDhcp(plan: Plan, now: Snapshot, bridge: string, options: MoveOptions): Promise<void> {
  if (!hasLease(now)) return;
  const owner = findDhcpOwner(now.device, now.link.ifindex, bridge, readSurroundings());
  if (owner === undefined) {
    plan.note(
      `${now.device} has an address from DHCP and no known client renews it: start one on ${bridge} before it expires`,
    );
  } else if (options.restartDhcp) {
    plan.add({
      name: `restart ${owner.client} on ${bridge}`,
      details: owner.commands.map((command) => command.join(' ')),
      run: () => restartDhcp(owner),
    });
  } else {
    plan.note(tellDhcp(owner, bridge));
  }
}

function refuse(db: Switch, { device: nic, link }: Snapshot, bridge: string): void {
  const owner = bridgeOf(db, nic);
  const no = (why: string) => new ProductError('ERR_CANNOT_MOVE', `${nic}: ${why}`);
  if (bridge.length > MAX_NAME)
    throw no(`a bridge ${bridge} would have more than ${MAX_NAME} characters; rename the interface first`);
  if (link.flags.includes('LOOPBACK')) throw no('the loopback interface cannot be on a bridge');
  if (findBridge(db, nic) !== undefined) throw no('this is a bridge itself; name the NIC');
  if (owner !== undefined && owner.name !== bridge)
    throw no(`is on bridge ${owner.name} already; take it off with bridge-to-nics ${owner.name}`);
  if (link.master !== undefined && link.master !== 'ovs-system')
    throw no(`is enslaved to ${link.master}; put ${link.master} on the bridge instead`);
}
