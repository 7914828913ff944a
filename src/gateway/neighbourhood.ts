import type { GatewayState } from '../demux/state.js';
import { AddressConflicts } from '../neighbour/address_conflicts.js';
import { type Clock, systemClock } from '../neighbour/clock.js';
import type { NeighbourMessage } from '../neighbour/message.js';
import type { OpenSocket } from '../neighbour/neighbour_socket.js';
import { PersistentSocket } from '../neighbour/persistent_socket.js';
import { requestFrame, sendRequest } from '../neighbour/request.js';
import { RouterBook } from '../neighbour/router_book.js';
import { familyOf, type IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { Announcer } from './announcer.js';

/** What `status` tells of the network that the NIC is on. */
export interface NeighbourStatus {
  /** Whether it is listened to. */
  readonly isHeard: boolean;
  /** How many served addresses were announced so far. */
  readonly announced: number;
  /** How often other hosts said that they have an address of ours. */
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

export interface NeighbourhoodOptions {
  readonly physicalInterface: string;
  /** The default gateways, as they are now. */
  readonly routers: () => readonly IpAddress[];
  readonly changed: () => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly open?: OpenSocket;
}

/**
 * The neighbours on the wire: they are told of served addresses, and it is noted who else claims one of ours and where
 * the default gateways are. Nothing that happens here fails the helper.
 */
export class Neighbourhood {
  private readonly claims = new AddressConflicts();
  private readonly routers = new RouterBook();
  private readonly announcer: Announcer;
  private readonly clock: Clock;
  private wire: PersistentSocket | undefined;
  private state: GatewayState | undefined;
  private ours: ReadonlySet<IpAddress> = new Set();

  constructor(private readonly options: NeighbourhoodOptions) {
    this.clock = options.clock ?? systemClock;
    this.announcer = new Announcer(this.clock, options.signal);
  }

  /** Opens the wire, from now on and whenever it was lost. */
  start(): void {
    const { physicalInterface, changed, signal, open } = this.options;
    this.wire ??= new PersistentSocket(physicalInterface, {
      received: (message) => this.hear(message),
      changed: () => {
        // Later: `wire` is not yet assigned while the first link is being opened.
        queueMicrotask(() => this.ask([...this.routers.followed]));
        changed();
      },
      signal,
      clock: this.clock,
      ...(open === undefined ? {} : { open }),
    });
  }

  /**
   * Takes the state whose flows are in place, or `undefined` while they are not.
   * @returns what is wrong on the wire, one line each
   */
  look(state: GatewayState | undefined): readonly string[] {
    // Of thousands of services the set is made anew only when it is another.
    if (
      state !== undefined &&
      (state.served !== this.state?.served || state.addresses !== this.state.addresses)
    )
      this.ours = new Set([...state.addresses, ...state.served]);
    this.state = state ?? this.state;
    this.ask(this.routers.follow(this.options.routers()));
    const link = this.wire?.socket;
    if (state !== undefined && link !== undefined) this.announcer.look(state, link);
    return this.problems();
  }

  get status(): NeighbourStatus {
    return {
      isHeard: this.wire?.socket !== undefined,
      announced: this.announcer.total,
      claimsHeard: this.claims.total,
      claims: this.claims.all.map((one) => ({ ...one, last: new Date(one.last).toISOString() })),
      routers: this.routers.all.map(({ address, mac, changes }) => ({ address, mac, changes })),
    };
  }

  private problems(): readonly string[] {
    const { physicalInterface: nic } = this.options;
    const now = this.clock.now();
    const deaf = this.wire?.problem;
    return [
      ...(deaf === undefined
        ? []
        : [`claims on our addresses are not seen, served addresses not announced: ${deaf}`]),
      ...(this.announcer.problem === undefined ? [] : [this.announcer.problem]),
      ...this.claims
        .standing(now)
        .map(
          ({ address, mac }) =>
            `${address} is claimed by ${mac} on ${nic}: two hosts with one address; take it from one of them`,
        ),
      ...this.routers
        .changed(now)
        .map(
          ({ address, macs }) =>
            `default gateway ${address} has been at ${macs.join(', then ')}; if no router was changed, somebody else answers for it`,
        ),
    ];
  }

  private hear(message: NeighbourMessage): void {
    const { state } = this;
    if (state === undefined) return;
    const now = this.clock.now();
    const isClaim = this.claims.note(message, this.ours, new Set([state.mac]), now);
    const isMove = this.routers.note(message, now);
    if (isClaim || isMove) this.options.changed();
  }

  /** Asks for routers; what they answer is heard like all else. */
  private ask(routers: readonly IpAddress[]): void {
    const link = this.wire?.socket;
    const { state } = this;
    if (link === undefined || state === undefined) return;
    for (const router of routers) {
      const source = state.addresses.find((address) => familyOf(address) === familyOf(router));
      try {
        sendRequest(link, requestFrame(state.mac, router, source));
      } catch {
        // The link is lost, which it tells itself; once it is back all are asked again.
      }
    }
  }
}
