import type { FileChange, Manager, NicMove } from './manager.js';
import { changes, Networkd, OF_NETPLAN, readNetworkFile } from './networkd.js';
import { readLinkState } from './networkd_take_up.js';
import { isActive, type Surroundings } from './surroundings.js';
import { settingOf } from './unit_file.js';

const WAIT_ONLINE = 'systemd-networkd-wait-online.service';
const UNITS = '/etc/systemd/system';

/**
 * netplan(5), which makes files of systemd-networkd at each boot. The bridge gets a copy of the NIC's file, as with
 * {@link Networkd}. netplan's own files do not change: its backend for Open vSwitch would take the bridge over, and it
 * knows no device that is there only later.
 */
export class Netplan implements Manager {
  readonly name = 'netplan';
  readonly renews = 'systemd-networkd';
  private readonly networkd: Networkd;

  constructor(private readonly around: Surroundings) {
    this.networkd = new Networkd(around);
  }

  async find(nic: string): Promise<string | undefined> {
    if (!(await isActive(this.around, 'systemd-networkd'))) return undefined;
    const file = (await readLinkState(this.around, nic))?.file;
    return file !== undefined && OF_NETPLAN.test(file) ? `systemd-networkd has ${file}` : undefined;
  }

  async plan(move: NicMove): Promise<readonly FileChange[]> {
    const files = await this.networkd.plan(move);
    const path = (await readLinkState(this.around, move.nic))?.file ?? '';
    const { text } = readNetworkFile(this.around, path);
    const isOptional = settingOf(text, 'Link', 'RequiredForOnline') === 'no';
    const id = OF_NETPLAN.exec(path)?.[1] ?? move.nic;
    const waits = isOptional ? [] : waitChanges(this.around, move, id);
    // The NIC's file is the last.
    return [...files.slice(0, -1), ...waits, ...files.slice(-1)];
  }

  takeUp(move: NicMove, device: string): Promise<void> {
    return this.networkd.takeUp(move, device);
  }
}

/**
 * Returns the changes that make the boot wait for the bridge instead of the NIC. netplan names the interfaces to wait for
 * (from 1.0), but none that does not exist yet when it makes the files.
 */
function waitChanges(around: Surroundings, { nic, bridge }: NicMove, id: string): FileChange[] {
  const note = `# Made by ovn-k8s-util nics-to-bridge; bridge-to-nics deletes it.\n`;
  const name = `ovn-k8s-${bridge}.conf`;
  const files = new Map([
    [
      `${UNITS}/${WAIT_ONLINE}.d/90-${name}`,
      `${note}[Unit]\nConditionPathIsSymbolicLink=\n` +
        `[Service]\nExecStart=/lib/systemd/systemd-networkd-wait-online -i ${bridge}:degraded\n`,
    ],
    [`${UNITS}/network-online.target.d/90-${name}`, `${note}[Unit]\nWants=${WAIT_ONLINE}\n`],
  ]);
  const yaml = {
    network: { version: 2, ethernets: { [id]: { optional: true } } },
  };
  const optional = new Map([
    // JSON is YAML.
    [`/etc/netplan/90-ovn-k8s-${nic}.yaml`, `${note}${JSON.stringify(yaml)}\n`],
  ]);
  return [
    ...changes(around, files, `makes the boot wait for ${bridge}`),
    ...changes(around, optional, `makes the boot not wait for ${nic}`).map((one) => ({
      ...one,
      mode: 0o600,
    })),
  ];
}
