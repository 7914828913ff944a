import { join } from 'node:path';
import { startCentral } from '../../lab/central.js';
import { type Host, startHost } from '../../lab/host.js';
import { Lab } from '../../lab/lab.js';
import type { Running } from '../../lab/running.js';
import { connectNorthbound, type Northbound } from '../../src/ovn/connection.js';
import { Api } from './api.js';

/** The only node. Its subnet has room for thousands of pods. */
export const NODE = 'central';
const CLUSTER = '10.244.0.0/16';
const SUBNET = '10.244.0.0/20';

/** A host with OVN's databases and `ovn-northd`, set up as a master, and an API server. */
export class CentralNode {
  private constructor(
    private readonly lab: Lab,
    readonly host: Host,
    readonly api: Api,
    /** The benchmark's own copy of the northbound database. */
    readonly nb: Northbound,
  ) {}

  static async start(): Promise<CentralNode> {
    const lab = Lab.open();
    const host = await startHost(lab, NODE);
    await startCentral(host);
    const remote = `unix:${join(host.dir, 'ovn/ovnnb_db.sock')}`;
    await host.vsctl(
      ...['set', 'Open_vSwitch', '.', `external_ids:ovn-nb="${remote}"`],
      'external_ids:ovn-bridge-datapath-type=netdev',
    );
    const { exitCode, stderr } = await host.run('ovn-k8s-overlay', [
      ...['master-init', `--cluster-ip-subnet=${CLUSTER}`, `--master-switch-subnet=${SUBNET}`],
      `--node-name=${NODE}`,
    ]);
    if (exitCode !== 0) throw new Error(`master-init exited with ${exitCode}: ${stderr}`);
    const nb = await connectNorthbound(new Map([['ovn-nb', remote]]), 5000);
    return new CentralNode(lab, host, await Api.start(host), nb);
  }

  /** Starts the watcher in the foreground, without waiting until it is ready. */
  startWatcher = async (): Promise<Running> => this.host.spawn('ovn-k8s-watcher', ['--overlay']);

  dispose(): void {
    this.nb.close();
    this.lab.dispose();
  }
}
