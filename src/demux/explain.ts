import type { Action } from '../openflow/actions.js';
import { classIdOf } from '../openflow/cookie.js';
import { UNTRACKED } from '../openflow/ct_state.js';
import type { FieldName } from '../openflow/fields.js';
import type { Flow } from '../openflow/flow.js';
import type { Term } from '../openflow/match.js';
import { LOCAL, type Ofport } from '../openflow/ofport.js';
import { classOfId, type PacketClass } from './classes.js';

/** The fields of a packet as the switch extracts them; a field that is absent does not match any term. */
export type PacketFields = ReadonlyMap<FieldName, bigint>;

/** What the flows do with a packet. */
export interface Verdict {
  readonly class: PacketClass | undefined;
  /** The flow that decided, as `ovs-ofctl dump-flows` prints it. */
  readonly flow: string | undefined;
  /** Where it leaves; never the port it came in by (OpenFlow 1.4.1 section 5.5). Empty: dropped. */
  readonly output: readonly (Ofport | 'NORMAL')[];
}

/**
 * Follows a packet through `flows` as the switch would, and says who gets it and why.
 *
 * @param ctState what connection tracking would say of it (`ct_state` bits), for flows that ask
 */
export function explain(flows: readonly Flow[], packet: PacketFields, ctState = UNTRACKED): Verdict {
  return explainer(flows)(packet, ctState);
}

/** {@link explain} for many packets and the same flows. */
export function explainer(flows: readonly Flow[]): (packet: PacketFields, ctState?: bigint) => Verdict {
  const tables = new FlowTables(flows);
  return (packet, ctState = UNTRACKED) => {
    const walk = new Walk(tables, packet, ctState);
    walk.table(0);
    return walk.verdict();
  };
}

/** The flows of each table that a packet from a port can meet, the highest priority first. */
class FlowTables {
  private readonly sorted: readonly Flow[];
  private readonly known = new Map<string, readonly Flow[]>();

  constructor(flows: readonly Flow[]) {
    this.sorted = flows.toSorted((a, b) => b.priority - a.priority);
  }

  of(table: number, inPort: bigint | undefined): readonly Flow[] {
    const key = `${table} ${inPort}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const isMet = ({ field, value }: Term) => field !== 'in_port' || value === inPort;
    const found = this.sorted.filter((flow) => flow.table === table && flow.match.every(isMet));
    this.known.set(key, found);
    return found;
  }
}

/** One packet's way: tables entered, registers set, ports collected. */
class Walk {
  private readonly fields: Map<FieldName, bigint>;
  private readonly output: (Ofport | 'NORMAL')[] = [];
  private decided: Flow | undefined;

  constructor(
    private readonly tables: FlowTables,
    packet: PacketFields,
    private readonly ctState: bigint,
  ) {
    this.fields = new Map([...packet, ['reg0', 0n], ['ct_state', UNTRACKED]]);
  }

  table(number: number): void {
    const found = this.tables.of(number, this.fields.get('in_port')).find((flow) => this.matches(flow));
    if (found === undefined) return;
    this.decided = found;
    for (const action of found.actions) this.act(action);
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

  private act(action: Action): void {
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
      case 'resubmit':
        this.table(action.table);
        return;
      case 'ct':
        if (action.table === undefined) return;
        this.fields.set('ct_state', this.ctState);
        this.table(action.table);
    }
  }
}

/** The role of a port of the bridge, for people and scripts. */
export function roleOf(
  port: Ofport | 'NORMAL',
  ports: { readonly phys: Ofport | undefined; readonly patch: Ofport | undefined },
): string {
  if (port === 'NORMAL') return 'normal';
  if (port === LOCAL) return 'local';
  if (port === ports.phys) return 'phys';
  return port === ports.patch ? 'patch' : `port ${port}`;
}
