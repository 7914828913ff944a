import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodePortFlows } from '../../src/demux/table.js';
import type { Flow } from '../../src/openflow/flow.js';
import { writeBarrier } from '../../src/openflow/requests.js';
import { writeFlowAdd, writeFlowDelete } from '../../src/openflow/wire/flow_mod.js';
import { WireWriter } from '../../src/openflow/wire/writer.js';
import { GATEWAY, IP4 } from '../../test/demux/sample.js';
import { Bystander } from './bystander.js';
import type { Gateway } from './gateway.js';

/** The messages on the bare socket: one flow mod and a barrier. */
const FRAME = { ...GATEWAY, addresses: [IP4] };
const NODE_PORT = { protocol: 'tcp', port: 65_000 } as const;
const ADD = messagesOf(writeFlowAdd);
const DELETE = messagesOf(writeFlowDelete);

/** Installs flows on br-int without the product: with ovs-ofctl and on a bare socket. */
export class Place {
  readonly rundir: string;
  private readonly target: string;
  private readonly dir: string;
  private readonly processes = Bystander.ofProcesses();
  private readonly messages: Bystander<string>;

  constructor(gateway: Gateway) {
    this.rundir = gateway.host.rundir;
    this.target = `unix:${gateway.socket('br-int')}`;
    this.dir = gateway.host.dir;
    this.messages = Bystander.ofMessages(gateway.socket('br-int'));
  }

  async file(name: string, count: number, table = 0): Promise<string> {
    const path = join(this.dir, name);
    await writeFile(path, Array.from({ length: count }, (_, i) => `${flowNumber(i, table)}\n`).join(''));
    return path;
  }

  addOne(i: number): Promise<number> {
    return this.ofctl('add-flow', flowNumber(i, 7));
  }

  addAll(file: string): Promise<number> {
    return this.ofctl('-OOpenFlow14', '--bundle', 'add-flows', file);
  }

  replaceAll(file: string): Promise<number> {
    return this.ofctl('-OOpenFlow14', '--bundle', 'replace-flows', file);
  }

  delete(match: string): Promise<number> {
    return this.ofctl('del-flows', match);
  }

  /** Adds the flow of a node port. */
  addBare(): Promise<number> {
    return this.messages.time(ADD);
  }

  deleteBare(): Promise<number> {
    return this.messages.time(DELETE);
  }

  end(): void {
    this.processes.end();
    this.messages.end();
  }

  private ofctl(...args: readonly [...string[], string]): Promise<number> {
    return this.processes.time(['ovs-ofctl', ...args.slice(0, -1), this.target, ...args.slice(-1)]);
  }
}

function messagesOf(write: (out: WireWriter, xid: number, flow: Flow) => void): string {
  const out = new WireWriter();
  for (const flow of nodePortFlows(FRAME)(NODE_PORT)) write(out, 2, flow);
  writeBarrier(out, 3);
  return out.bytes.toString('hex');
}

function flowNumber(i: number, table: number): string {
  return `table=${table},priority=90,tcp,in_port=1,vlan_tci=0x0000/0x1fff,dl_dst=0a:58:cb:00:71:0a,nw_dst=203.0.113.10,tp_dst=${1 + i},actions=output:2`;
}
