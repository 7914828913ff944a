import { Memo } from '../daemon/memo.js';
import type { Problems } from '../daemon/problems.js';
import type { NodePort } from '../demux/state.js';
import { refusalLines } from '../kube/refusals.js';
import type { IpAddress } from '../net/ip.js';
import { AddressAdmission } from './state_admission.js';
import { type Exposure, type KnownExposure, NOTHING_EXPOSED, nodePortKey } from './state_exposure.js';
import {
  besides,
  everywhere,
  type JudgedPorts,
  judgeOwnPorts,
  type OwnPort,
  type OwnPortFacts,
  refusalLine,
} from './state_own_ports.js';
import type { ServiceBook } from './state_services.js';

/** What the services want, and what it is judged by. */
export interface JudgedFacts extends Omit<OwnPortFacts, 'inPlace'> {
  readonly book: Pick<ServiceBook, 'revision' | 'wanting' | 'clusterRefusals'>;
  readonly wanted: Exposure;
  /** The ports of the gateway's own addresses that services and the node's pods want. */
  readonly ownPorts: readonly OwnPort[];
  /** Whether `ownPorts` has those of pods. */
  readonly arePodsKnown: boolean;
  /** Whether this gateway serves external addresses besides its own; `undefined` while that is unknown. */
  readonly isServing: boolean | undefined;
  /** Whether this gateway answers for them. If another host does, its answer is no conflict. */
  readonly answersServed: boolean;
  /** The addresses of all gateways. */
  readonly gateways: readonly IpAddress[];
  /** What is exposed now; `undefined` while that is unknown. */
  readonly inPlace: Exposure | undefined;
}

/** The ports that services wanted at the last call; those of pods among them do not count. */
type ServicePorts = Pick<Exposure, 'nodePorts'> & Pick<JudgedFacts, 'ownPorts'>;

/** About how many refused addresses are named: an author of Services may list thousands. */
const MAX_ADDRESSES = 200;

/** What of the services' wishes this gateway exposes, and why not the rest. */
export class JudgedExposure {
  readonly admission = new AddressAdmission();
  /** Judging thousands of ports takes longer than the rest of a step, so it is done only for other facts. */
  private readonly judgedPorts = new Memo(
    (
      ownPorts: readonly OwnPort[],
      guard: OwnPortFacts['guard'],
      host: OwnPortFacts['host'],
      lo: number | undefined,
      hi: number | undefined,
      addresses: readonly IpAddress[],
      inPlace: Exposure['nodePorts'],
    ) => {
      const podRange = lo === undefined || hi === undefined ? undefined : { lo, hi };
      return judgeOwnPorts(ownPorts, { guard, host, podRange, addresses, inPlace });
    },
  );
  private own: JudgedPorts | undefined;
  private ofServices: ServicePorts = { nodePorts: NOTHING_EXPOSED.nodePorts, ownPorts: [] };
  private last:
    | {
        readonly base: Exposure['nodePorts'];
        readonly ports: readonly NodePort[];
        readonly nodePorts: Exposure['nodePorts'];
      }
    | undefined;
  private readonly withoutUnwanted = new Memo(withoutUnwanted);
  private reported = '';
  private reportedOwn: JudgedPorts | undefined;

  constructor(private readonly problems: Pick<Problems, 'set'>) {}

  /** Returns what to expose. A part is `undefined` while it cannot be judged: it stays as it is. */
  judge(facts: JudgedFacts): KnownExposure {
    const known = {
      nodePorts: this.nodePorts(facts),
      served: this.served(facts),
      restricted: facts.wanted.restricted,
    };
    this.report(facts);
    return known;
  }

  private served({
    wanted,
    guard,
    addresses,
    isServing,
    answersServed,
    inPlace,
  }: JudgedFacts): KnownExposure['served'] {
    const { admission } = this;
    // Another gateway serves the addresses besides its own.
    if (isServing === false) admission.reset();
    if (isServing !== true || inPlace === undefined) return undefined;
    if (guard === undefined) return this.withoutUnwanted.get(inPlace.served, wanted.served);
    const facts = { wanted: wanted.served, guard, own: addresses, served: inPlace.served };
    return admission.admit({ ...facts, asks: answersServed });
  }

  /** Returns the node ports and the accepted ports of the gateway's own addresses. */
  private nodePorts(facts: JudgedFacts): KnownExposure['nodePorts'] {
    const { wanted, ownPorts, guard, host, podRange, addresses, inPlace, arePodsKnown } = facts;
    if (inPlace === undefined && (ownPorts.length > 0 || !arePodsKnown)) return undefined;
    const isKnown = guard !== undefined && host !== undefined;
    const now = isKnown ? NOTHING_EXPOSED.nodePorts : (inPlace?.nodePorts ?? wanted.nodePorts);
    this.own = this.judgedPorts.get(ownPorts, guard, host, podRange?.lo, podRange?.hi, addresses, now);
    const { accepted } = this.own;
    // What services had before and do not want now is no port of a pod.
    const before = this.ofServices;
    this.ofServices = { nodePorts: wanted.nodePorts, ownPorts };
    const kept = arePodsKnown ? [] : others(inPlace?.nodePorts ?? [], [...accepted, ...portsOf(before)]);
    const ports = [...accepted, ...kept];
    if (this.last?.base !== wanted.nodePorts || !areSame(this.last.ports, ports)) {
      const beside = besides(ports, wanted.nodePorts);
      const nodePorts = wanted.nodePorts.with(beside.map((one) => [nodePortKey(one), one]));
      this.last = { base: wanted.nodePorts, ports, nodePorts };
    }
    return this.last.nodePorts;
  }

  /** Writes one problem for each address and port that a service does not get. */
  private report({ book, wanted, ownPorts, isServing, gateways }: JudgedFacts): void {
    const { own } = this;
    const text = JSON.stringify([book.revision, this.admission.revision, isServing, gateways]);
    if (text === this.reported && own === this.reportedOwn) return;
    this.reported = text;
    this.reportedOwn = own;
    const refused = { Service: new Map<string, string[]>(), Pod: new Map<string, string[]>() };
    const add = (kind: 'Service' | 'Pod', owner: string, line: string) => {
      const lines = refused[kind].get(owner) ?? [];
      lines.push(line);
      refused[kind].set(owner, lines);
    };
    for (const [kind, owner, line] of own?.refusals ?? []) add(kind, owner, line);
    for (const one of ownPorts)
      if (one.kind === 'Pod' && wanted.nodePorts.get(everywhere(one.port)) !== undefined)
        add('Pod', one.owner, refusalLine(one, 'it is a node port of a service'));
    // A gateway that does not serve them has nothing to do with other addresses.
    const reasons = isServing === true ? [book.clusterRefusals(), this.admission.refusals()] : [];
    let named = 0;
    for (const some of reasons)
      for (const [ip, reason] of some) {
        // That gateway serves it, or names it.
        if (gateways.includes(ip)) continue;
        if (named === MAX_ADDRESSES) break;
        named++;
        for (const service of book.wanting(ip))
          add('Service', service, `external address ${ip} is refused: ${reason}`);
      }
    const linesOf = (kind: 'Service' | 'Pod') =>
      [...refused[kind]].flatMap(([owner, lines]) => refusalLines(owner, lines, lines.length, kind));
    this.problems.set('external addresses', linesOf('Service'));
    this.problems.set('ports of pods', linesOf('Pod'));
  }
}

/** Returns whether two lists have the same objects. The ports of a service that did not change are the same objects. */
function areSame(some: readonly NodePort[], others: readonly NodePort[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i]);
}

/** Returns the ports in place that are not among `known` at any address. */
function others(inPlace: Iterable<NodePort>, known: readonly NodePort[]): NodePort[] {
  const keys = new Set(known.map(everywhere));
  return [...inPlace].filter((port) => !keys.has(everywhere(port)));
}

function portsOf({ nodePorts, ownPorts }: ServicePorts): readonly NodePort[] {
  return [...nodePorts, ...ownPorts.flatMap(({ kind, port }) => (kind === 'Service' ? port : []))];
}

/** Returns `served` without the addresses that no service wants any more; `undefined` if services want all of them. */
function withoutUnwanted(
  served: Exposure['served'],
  wanted: Exposure['served'],
): Exposure['served'] | undefined {
  const gone = [...served].filter((ip) => wanted.get(ip) === undefined);
  return gone.length === 0 ? undefined : served.with(gone.map((ip) => [ip, undefined]));
}
