import { readFile } from 'node:fs/promises';
import { ingressGuard } from '../../lab/bridged_nic.js';
import { type Host, startHost } from '../../lab/host.js';
import { Lab } from '../../lab/lab.js';
import { cable } from '../../lab/link.js';
import type { Namespace } from '../../lab/namespace.js';
import { until, when } from '../../lab/until.js';
import { OURS } from './witness.js';

export const HOST = { v4: '203.0.113.10', v6: '2001:db8::10' };
export const OUTSIDE = { v4: '203.0.113.1', v6: '2001:db8::1' };
export const MAC = '0a:58:cb:00:71:0a';

/** A gateway with its NIC on breth0 and a cable to the outside. An empty br-int is behind the patch port. */
export class Gateway {
  private constructor(
    readonly host: Host,
    readonly outside: Namespace,
    private readonly lab: Lab,
  ) {}

  static async start(): Promise<Gateway> {
    const { lab, host, outside } = await startPlainHost();
    await host.vsctl(...BRIDGES.trim().split(/\s+/));
    await moveAddresses(host);
    return new Gateway(host, outside, lab);
  }

  /** Returns a bridge's OpenFlow socket, for processes outside the namespace. */
  socket(bridge: string): string {
    return `${this.host.rundir}/${bridge}.mgmt`;
  }

  /** Starts the helper in the background; resolves when its flows are in place. */
  async startHelper(...args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.host.run('ovn-k8s-gateway-helper', [
      ...['--physical-bridge=breth0', '--physical-interface=eth0'],
      ...['--detach', '--pidfile', '--log-file', ...args],
    ]);
    if (exitCode !== 0) throw new Error(`the helper exited with ${exitCode}: ${stderr}`);
  }

  /** Sends a command to the running helper and returns its answer. */
  helper(...command: readonly string[]): Promise<string> {
    return this.host.appctl('-t', 'ovn-k8s-gateway-helper', ...command);
  }

  /** Waits until the helper has ended after an `exit`. */
  async helperEnded(): Promise<void> {
    await until('the helper to end', async () =>
      when((await this.helperPid().catch(() => undefined)) === undefined),
    );
  }

  /** Returns when the helper logged the last line that matches, as the wall clock in milliseconds. */
  async helperSaid(pattern: RegExp): Promise<number> {
    const log = await readFile(`${this.host.rundir}/ovn-k8s-gateway-helper.log`, 'utf8');
    const line = log.split('\n').findLast((one) => pattern.test(one));
    if (line === undefined) throw new Error(`the helper never logged ${pattern}`);
    return Date.parse(line.split('|')[0] ?? '');
  }

  async helperPid(): Promise<number> {
    return Number(await readFile(`${this.host.rundir}/ovn-k8s-gateway-helper.pid`, 'utf8'));
  }

  /** Returns the cookies of the helper's flows that are on the switch now. */
  async ourCookies(): Promise<string[]> {
    const dump = await this.host.ofctl('--no-names', 'dump-flows', 'breth0');
    return [...dump.matchAll(/cookie=(0x[0-9a-f]+)/g)].flatMap(([, cookie = '']) =>
      cookie.startsWith(OURS) ? [cookie] : [],
    );
  }

  /** Waits until the helper has checked everything and has nothing left to do. */
  async settled(): Promise<void> {
    await this.helper('flow/sync');
  }

  dispose(): void {
    this.lab.dispose();
  }
}

export interface PlainHost {
  readonly lab: Lab;
  readonly host: Host;
  readonly outside: Namespace;
}

/** Starts a host with its addresses on a plain eth0 and a cable to the outside. */
export async function startPlainHost(): Promise<PlainHost> {
  const lab = Lab.open();
  const [host, outside] = await Promise.all([startHost(lab, 'gw'), lab.namespace('outside')]);
  await cable({ in: host.net, name: 'eth0', mac: MAC }, { in: outside, name: 'lan' });
  await outside.ip(`addr add ${OUTSIDE.v4}/24 dev lan`, `addr add ${OUTSIDE.v6}/64 dev lan nodad`);
  await host.net.ip(
    `addr add ${HOST.v4}/24 dev eth0`,
    `addr add ${HOST.v6}/64 dev eth0 nodad`,
    `route add default via ${OUTSIDE.v4}`,
  );
  return { lab, host, outside };
}

/** Starts a host whose NIC is on a bridge with one flow, NORMAL; no other bridge and no helper. */
export async function startBareBridge(): Promise<PlainHost> {
  const plain = await startPlainHost();
  const { host } = plain;
  const bridge = ['datapath_type=netdev', 'fail-mode=standalone', `other-config:hwaddr="${MAC}"`];
  await host.vsctl(
    'add-br',
    'breth0',
    '--',
    'set',
    'Bridge',
    'breth0',
    ...bridge,
    '--',
    'add-port',
    'breth0',
    'eth0',
  );
  await moveAddresses(host);
  return plain;
}

/** Moves the addresses of eth0 to breth0, which alone answers for them. */
async function moveAddresses(host: Host): Promise<void> {
  await host.exec(['nft', '-f', '-'], { input: ingressGuard('eth0') });
  await host.net.ip(
    'addr flush dev eth0',
    'link set dev breth0 up',
    `addr add ${HOST.v4}/24 dev breth0`,
    `addr add ${HOST.v6}/64 dev breth0 nodad`,
  );
}

/** The bridges as `nics-to-bridge` and `gateway-init` leave them. The exact match cache is off. */
const BRIDGES = `
  set Open_vSwitch . other_config:emc-insert-inv-prob=0
  -- add-br breth0 -- set Bridge breth0 datapath_type=netdev fail-mode=standalone other-config:hwaddr="${MAC}"
    external-ids:k8s-physical-ip="${HOST.v4},${HOST.v6}" external-ids:k8s-snat-port-range=61000-65535
    external-ids:k8s-node-name=gw
  -- add-port breth0 eth0
  -- add-br br-int -- set Bridge br-int datapath_type=netdev fail-mode=secure
  -- add-port breth0 k8s-patch-breth0-br-int
  -- set Interface k8s-patch-breth0-br-int type=patch options:peer=k8s-patch-br-int-breth0
  -- add-port br-int k8s-patch-br-int-breth0
  -- set Interface k8s-patch-br-int-breth0 type=patch options:peer=k8s-patch-breth0-br-int`;
