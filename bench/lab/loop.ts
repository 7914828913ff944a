import { setImmediate as breath, setTimeout as pause } from 'node:timers/promises';
import { SILENT } from '../../src/daemon/log.js';
import { Loop as DaemonLoop } from '../../src/daemon/loop.js';
import { Memo } from '../../src/daemon/memo.js';
import { Problems } from '../../src/daemon/problems.js';
import { AUDIT_MS, BridgeKeeper, RETRY } from '../../src/gateway/bridge_keeper.js';
import type { Intent } from '../../src/gateway/options.js';
import { SwitchSource } from '../../src/gateway/sources/switch.js';
import { readBridgeState } from '../../src/gateway/state_bridge.js';
import { ServiceBook } from '../../src/gateway/state_services.js';
import type { LocalAddress } from '../../src/host/addresses.js';
import type { Service } from '../../src/kube/kinds.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseMac } from '../../src/net/mac.js';
import type { FlowChannel } from '../../src/openflow/channel.js';
import { LOCAL, ofportOf } from '../../src/openflow/ofport.js';
import type { BridgeFacts } from '../../src/switch/bridge_facts.js';
import { HOST, MAC } from './gateway.js';

const IN_A_TURN = 40;
/** Milliseconds of rest before a change that is measured alone. */
export const REST_MS = 20;

/** Facts of an IPv4-only host, so that a service with one node port makes one flow. */
const FACTS: { readonly bridge: BridgeFacts; readonly localAddresses: readonly LocalAddress[] } = {
  bridge: {
    uuid: '',
    name: 'breth0',
    ports: [
      { uuid: 'local', name: 'breth0', type: 'internal', ofport: LOCAL, mac: parseMac(MAC) },
      { uuid: 'nic', name: 'eth0', type: '', ofport: ofportOf(1), mac: undefined },
      { uuid: 'patch', name: 'k8s-patch-breth0-br-int', type: 'patch', ofport: ofportOf(2), mac: undefined },
    ],
    externalIds: new Map([
      ['k8s-physical-ip', `${HOST.v4}/24`],
      ['k8s-snat-port-range', '61000-65535'],
    ]),
  },
  localAddresses: [{ ...parseCidr(`${HOST.v4}/24`), secondary: false }],
};

/** Runs the helper's own loop in this process, on a real bridge. Services arrive as from a watch. */
export class Loop {
  private readonly book = new ServiceBook();
  private readonly stop = new AbortController();
  private readonly loop: DaemonLoop;
  private readonly keeper: BridgeKeeper;
  private readonly running: Promise<void>;
  private waiting: { readonly flows: number; readonly done: () => void } | undefined;
  private looked: (() => void) | undefined;

  /** The number of flows without any service. */
  private bridgeState = 0;

  private constructor(channel: FlowChannel) {
    const { signal } = this.stop;
    const problems = new Problems(SILENT);
    this.loop = new DaemonLoop({ auditMs: AUDIT_MS, retry: RETRY, problems });
    const log = { ...SILENT, info: () => this.count() };
    this.keeper = new BridgeKeeper({ channel, log, problems, changed: this.loop.ring });
    const intent: Intent = {
      ...{ bridge: 'breth0', physicalInterface: 'eth0', demux: undefined },
      externalAddressOwner: 'first',
    };
    const frames = new Memo(() => readBridgeState(FACTS.bridge, FACTS.localAddresses, intent));
    const ovs = new SwitchSource({
      ...{ bridge: 'breth0', channel, problems },
      onNews: (news) => this.keeper.handle(news),
    });
    void ovs.run(signal);
    const step = async () => {
      await this.keeper.keep(frames.get().bridgeState, this.book.take());
      this.looked?.();
    };
    this.running = this.loop.run({ step, audit: () => this.keeper.audit() }, signal);
  }

  /** Starts the loop; resolves when the flows of a gateway without services are in place. */
  static async start(channel: FlowChannel): Promise<Loop> {
    const loop = new Loop(channel);
    await loop.keeper.sync();
    loop.bridgeState = loop.present;
    return loop;
  }

  /** Adds `count` services at once, with node ports from `first` on. */
  add(first: number, count: number): void {
    for (let port = first; port < first + count; port += 1) this.put(port, true);
    this.loop.ring();
  }

  /** Adds the services as a watch does: in each turn of the event loop, as many as 64 KiB of events hold. */
  async trickle(first: number, count: number): Promise<void> {
    for (let port = first; port < first + count; port += IN_A_TURN) {
      this.add(port, Math.min(IN_A_TURN, first + count - port));
      await breath();
    }
  }

  remove(first: number, count: number): void {
    for (let port = first; port < first + count; port += 1) this.put(port, false);
    this.loop.ring();
  }

  /** Resolves when the switch has accepted the last flow of that many services. */
  async has(services: number): Promise<void> {
    const flows = this.bridgeState + services;
    if (this.present === flows) return;
    await new Promise<void>((done) => {
      this.waiting = { flows, done };
    });
  }

  /** Requests a step although nothing has changed; resolves when the step is done. */
  async look(): Promise<void> {
    this.loop.ring();
    await new Promise<void>((resolve) => {
      this.looked = resolve;
    });
  }

  /** Waits for what follows an answer: the switch's report of the bundle, the start of the next process. */
  async rests(ms = REST_MS): Promise<void> {
    await pause(ms);
  }

  get bundles(): number {
    return this.keeper.totals.bundles;
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private get present(): number {
    const { flowsAdded, flowsRemoved } = this.keeper.totals;
    return flowsAdded - flowsRemoved;
  }

  /** Counts the bundles that the switch has accepted: each is a line in the log. */
  private count(): void {
    if (this.waiting?.flows === this.present) this.waiting.done();
  }

  private put(port: number, isThere: boolean): void {
    const key = `default/service-${port}`;
    this.book.put(key, isThere ? nodePortServiceAt(port) : undefined);
  }
}

function nodePortServiceAt(port: number): Service {
  return {
    metadata: { name: `service-${port}`, namespace: 'default' },
    spec: { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', nodePort: port }] },
  };
}
