import type { Problems } from '../../daemon/problems.js';
import { aborted } from '../../daemon/sleep.js';
import type { Source } from '../../daemon/source.js';
import type { GatewayState } from '../../demux/state.js';
import { AddressConflicts, type ClaimedAddress } from '../../neighbour/address_conflicts.js';
import { type Clock, systemClock } from '../../neighbour/clock.js';
import type { NeighbourMessage } from '../../neighbour/message.js';
import type { NeighbourSocket, OpenSocket } from '../../neighbour/neighbour_socket.js';
import { PersistentSocket } from '../../neighbour/persistent_socket.js';
import { requestFrame, sendRequest } from '../../neighbour/request.js';
import { RouterBook } from '../../neighbour/router_book.js';
import { familyOf, type IpAddress } from '../../net/ip.js';
import type { MacAddress } from '../../net/mac.js';

/** How many claimed addresses are problems by name. */
const MAX_NAMED = 16;

/** The neighbours on the NIC's network, for `status`. */
export interface NeighbourStatus {
  /** Whether the helper receives ARP and neighbour discovery. */
  readonly isHeard: boolean;
  /** How often other hosts claimed one of our addresses. */
  readonly claimsHeard: number;
  readonly claims: readonly {
    readonly address: IpAddress;
    readonly mac: MacAddress;
    readonly count: number;
    /** ISO 8601. */
    readonly last: string;
  }[];
  readonly routers: readonly {
    readonly address: IpAddress;
    readonly mac: MacAddress;
    readonly changes: number;
  }[];
}

export interface NeighbourSourceOptions {
  readonly physicalInterface: string;
  readonly problems: Problems;
  readonly changed: () => void;
  readonly clock?: Clock;
  readonly open?: OpenSocket;
}

/**
 * The hosts on the NIC's network: those that claim one of our addresses, and the MACs of the default gateways. A fault
 * on this network never fails the helper.
 */
export class NeighbourSource implements Source {
  private readonly conflicts = new AddressConflicts();
  private readonly routers = new RouterBook();
  private readonly clock: Clock;
  private nic: PersistentSocket | undefined;
  private isSocketNew = false;
  private state: GatewayState | undefined;
  private ours: ReadonlySet<IpAddress> = new Set();

  constructor(private readonly options: NeighbourSourceOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /** The open socket on the NIC; `undefined` while the NIC cannot be used. */
  get socket(): NeighbourSocket | undefined {
    return this.nic?.socket;
  }

  get status(): NeighbourStatus {
    return {
      isHeard: this.socket !== undefined,
      claimsHeard: this.conflicts.total,
      claims: this.conflicts.all.map((one) => ({ ...one, last: new Date(one.last).toISOString() })),
      routers: this.routers.all.map(({ address, mac, changes }) => ({ address, mac, changes })),
    };
  }

  /** Opens the NIC, and opens it again whenever it was lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { physicalInterface, changed, open } = this.options;
    this.nic = new PersistentSocket(physicalInterface, {
      received: (message) => this.receive(message),
      changed: () => {
        this.isSocketNew = true;
        // Later: the first call comes before `nic` is assigned.
        queueMicrotask(() => this.report());
        changed();
      },
      signal,
      clock: this.clock,
      ...(open === undefined ? {} : { open }),
    });
    await aborted(signal);
  }

  /** Stores the state, whose flows are in place, and the default gateways. Requests the gateways' MACs if needed. */
  follow(state: GatewayState, routers: readonly IpAddress[]): void {
    // With thousands of services, the set is built only when an address changed.
    if (state.served !== this.state?.served || state.addresses !== this.state.addresses)
      // Where another host answers for served addresses, its claims are what they should be.
      this.ours = new Set([...state.addresses, ...(state.answersServed ? state.served : [])]);
    this.state = state;
    const added = this.routers.follow(routers);
    const { socket } = this;
    if (socket !== undefined) this.ask(socket, state, this.isSocketNew ? routers : added);
    this.isSocketNew &&= socket === undefined;
  }

  /** Writes the problems of the network. A claim is a problem for 5 min, a router's change for 10 min. */
  report(): void {
    const { physicalInterface: nic, problems } = this.options;
    const now = this.clock.now();
    const failure = this.nic?.problem;
    problems.set('neighbours', [
      ...(failure === undefined
        ? []
        : [
            `claims on our addresses are not seen, new external addresses not served, and none announced: ${failure}`,
          ]),
      ...claimProblems(this.conflicts.standing(now), nic),
      ...this.routers
        .changed(now)
        .map(
          ({ address, macs }) =>
            `default gateway ${address} has been at ${macs.join(', then ')}; if no router was changed, another host answers for it`,
        ),
    ]);
  }

  private receive(message: NeighbourMessage): void {
    const { state } = this;
    if (state === undefined) return;
    const now = this.clock.now();
    const isConflict = this.conflicts.note(message, this.ours, new Set([state.mac]), now);
    const isMove = this.routers.note(message, now);
    if (isConflict || isMove) this.report();
  }

  /** Asks for the MACs of routers. Their answers arrive like all other messages. */
  private ask(socket: NeighbourSocket, state: GatewayState, routers: readonly IpAddress[]): void {
    for (const router of routers) {
      const source = state.addresses.find((address) => familyOf(address) === familyOf(router));
      try {
        sendRequest(socket, requestFrame(state.mac, router, source));
      } catch {
        // The socket is lost. All routers are asked again on the next one.
        return;
      }
    }
  }
}

/**
 * Returns the problems of claimed addresses. A host that invents MACs or claims all addresses does not make their texts
 * change with each of its messages, since each change is logged.
 */
function claimProblems(claimed: readonly ClaimedAddress[], nic: string): string[] {
  const named = claimed.slice(0, MAX_NAMED).map(({ address, macs, isMany }) => {
    const who = isMany ? `more than ${macs.length} MACs` : macs.join(' and ');
    const why = isMany
      ? 'a host there changes its own; find it at the switches'
      : `two hosts with one address; take it from one of them`;
    return `${address} is claimed by ${who} on ${nic}: ${why}`;
  });
  const rest =
    claimed.length > MAX_NAMED ? [`more of our addresses are claimed on ${nic}; status lists them`] : [];
  return [...named, ...rest];
}
