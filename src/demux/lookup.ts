import type { Action } from '../openflow/actions.js';
import { classIdOf } from '../openflow/cookie.js';
import { trackedAs, UNTRACKED } from '../openflow/ct_state.js';
import type { FieldName } from '../openflow/fields.js';
import type { Flow } from '../openflow/flow.js';
import type { Term } from '../openflow/match.js';
import type { Ofport } from '../openflow/ofport.js';
import { classOfId, type PacketClass } from './classes.js';
import type { PacketFields } from './packet_fields.js';

/** What the flows do with a packet. */
export interface Verdict {
  readonly class: PacketClass | undefined;
  /** The flow that decided, as `ovs-ofctl dump-flows` prints it. */
  readonly flow: string | undefined;
  /** The outputs, without the port that the packet came in by (OpenFlow 1.4.1 section 5.5). Empty: dropped. */
  readonly output: readonly (Ofport | 'NORMAL')[];
}

/** The flow tables of a bridge: follows packets through them as the switch does. */
export class FlowTables {
  /** The highest priority first. */
  private readonly sorted: readonly Flow[];
  /** The flows of each table that a packet from a port can match. */
  private readonly candidates = new Map<string, readonly Flow[]>();

  constructor(flows: readonly Flow[]) {
    this.sorted = flows.toSorted((a, b) => b.priority - a.priority);
  }

  /**
   * Follows `packet` from table 0 on.
   * @param ctState the `ct_state` bits that the packet has after it passed through the first zone; a further zone finds
   *   a new connection, as in ofproto/trace
   */
  lookup(packet: PacketFields, ctState = UNTRACKED): Verdict {
    const traversal = new Traversal(this, packet, ctState);
    traversal.enter(0);
    return traversal.verdict();
  }

  /** Returns the flows of `table` that a packet from `inPort` can match, the highest priority first. */
  candidatesOf(table: number, inPort: bigint | undefined): readonly Flow[] {
    const key = `${table} ${inPort}`;
    const known = this.candidates.get(key);
    if (known !== undefined) return known;
    const isFromInPort = ({ field, value }: Term) => field !== 'in_port' || value === inPort;
    const found = this.sorted.filter((flow) => flow.table === table && flow.match.every(isFromInPort));
    this.candidates.set(key, found);
    return found;
  }
}

/** One packet on its way through the tables, with its registers and the outputs so far. */
class Traversal {
  private readonly fields: Map<FieldName, bigint>;
  private readonly output: (Ofport | 'NORMAL')[] = [];
  private decided: Flow | undefined;
  private readonly ctStates: bigint[];

  constructor(
    private readonly tables: FlowTables,
    packet: PacketFields,
    ctState: bigint,
  ) {
    this.ctStates = [ctState];
    this.fields = new Map([...packet, ['reg0', 0n], ['ct_state', UNTRACKED]]);
  }

  enter(table: number): void {
    const candidates = this.tables.candidatesOf(table, this.fields.get('in_port'));
    const found = candidates.find((flow) => this.matches(flow));
    if (found === undefined) return;
    this.decided = found;
    for (const action of found.actions) this.execute(action);
  }

  verdict(): Verdict {
    const inPort = this.fields.get('in_port');
    return {
      class: this.decided && classOfId(classIdOf(this.decided.cookie)),
      flow: this.decided?.text,
      output: this.output.filter((port) => port === 'NORMAL' || BigInt(port) !== inPort),
    };
  }

  private matches(flow: Flow): boolean {
    return flow.match.every(({ field, value, mask }) => {
      const actual = this.fields.get(field);
      return actual !== undefined && (actual & mask) === value;
    });
  }

  private execute(action: Action): void {
    switch (action.kind) {
      case 'output':
        this.output.push(action.port);
        return;
      case 'normal':
        this.output.push('NORMAL');
        return;
      case 'set_reg0':
        this.fields.set('reg0', BigInt(action.value));
        return;
      case 'pop_vlan':
        this.fields.set('vlan_tci', 0n);
        return;
      case 'resubmit':
        this.enter(action.table);
        return;
      case 'ct':
        if (action.table === undefined) return;
        this.fields.set('ct_state', this.ctStates.shift() ?? trackedAs('new'));
        this.enter(action.table);
    }
  }
}
