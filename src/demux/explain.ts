import type { Action } from '../openflow/actions.js';
import { classIdOf } from '../openflow/cookie.js';
import type { FieldName } from '../openflow/fields.js';
import type { Flow } from '../openflow/flow.js';
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

/** `ct_state` of a packet that has not been through a zone. */
const UNTRACKED = 0n;

/**
 * Follows a packet through `flows` as the switch would, and says who gets it and why.
 *
 * @param ctState what connection tracking would say of it (`ct_state` bits), for flows that ask
 */
export function explain(flows: readonly Flow[], packet: PacketFields, ctState = UNTRACKED): Verdict {
  const walk = new Walk(flows, packet, ctState);
  walk.table(0);
  return walk.verdict();
}

/** One packet's way: tables entered, registers set, ports collected. */
class Walk {
  private readonly fields: Map<FieldName, bigint>;
  private readonly output: (Ofport | 'NORMAL')[] = [];
  private decided: Flow | undefined;

  constructor(
    private readonly flows: readonly Flow[],
    packet: PacketFields,
    private readonly ctState: bigint,
  ) {
    this.fields = new Map([...packet, ['reg0', 0n], ['ct_state', UNTRACKED]]);
  }

  table(number: number): void {
    const found = this.flows
      .filter((flow) => flow.table === number && this.matches(flow))
      .reduce<Flow | undefined>(
        (best, flow) => (best === undefined || flow.priority > best.priority ? flow : best),
        undefined,
      );
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
