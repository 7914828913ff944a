import type { Snapshot } from '../host/snapshot.js';
import { tryEcho } from '../icmp/echo.js';
import { NeighbourSocket } from '../neighbour/neighbour_socket.js';
import { type Resolution, resolve } from '../neighbour/resolve.js';
import { explainError, ProductError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { type DefaultGateway, defaultGateways } from './default_gateways.js';
import type { Plan } from './plan.js';

/** Time for a gateway's reply before the move, and for another host's reply after it. */
const BEFORE = { timeoutMs: 1_000, settleMs: 50 } as const;

/** The default gateways, and their MACs before the move: a gateway with a MAC must still answer after it. */
export interface GatewayBaseline {
  readonly gateways: readonly DefaultGateway[];
  /** The MACs that answered for each; a gateway that did not answer is absent. */
  readonly macs: Map<IpAddress, readonly MacAddress[]>;
}

/** The packets that the steps send; passed in so that tests can answer them. */
export interface GatewayProbes {
  /** Resolves the gateways on an interface, all at once. */
  resolveAll(
    device: string,
    gateways: readonly DefaultGateway[],
    options: { readonly timeoutMs: number; readonly settleMs?: number },
  ): Promise<readonly Resolution[]>;
  /** Sends an ICMP echo; returns milliseconds until its reply. */
  echo(address: IpAddress, device: string): Promise<number | undefined>;
}

const REAL: GatewayProbes = { resolveAll, echo: tryEcho };

/**
 * Adds the step that resolves the default gateways of an interface before anything changes. A gateway that does not answer
 * is only a note, since it may never answer.
 */
export function addGatewayBaseline(
  plan: Plan,
  wanted: Snapshot,
  device: string,
  probes: GatewayProbes = REAL,
): GatewayBaseline {
  const baseline: GatewayBaseline = { gateways: defaultGateways(wanted), macs: new Map() };
  const { gateways, macs } = baseline;
  if (gateways.length === 0) return baseline;
  const names = namesOf(gateways);
  plan.add({
    name: `ask ${names} for an answer on ${device}`,
    details: [],
    run: async () => {
      try {
        for (const { address, macs: found } of await probes.resolveAll(device, gateways, BEFORE)) {
          if (found.length > 0) macs.set(address, found);
          else plan.note(`default gateway ${address} did not answer on ${device} before the move`);
          if (found.length > 1) plan.note(`${found.join(' and ')} both answer for ${address} on ${device}`);
        }
      } catch (error) {
        plan.note(`default gateway ${names} could not be asked before the move: ${explainError(error)}`);
      }
    },
  });
  return baseline;
}

/**
 * Adds the step that fails if a gateway that answered before the move does not answer on `device` now.
 * @param canEcho whether the kernel receives echo replies on `device`; while the system datapath has a NIC, they arrive on
 * the bridge
 */
export function addGatewayCheck(
  plan: Plan,
  baseline: GatewayBaseline,
  device: string,
  { timeoutMs, canEcho }: { readonly timeoutMs: number; readonly canEcho: boolean },
  probes: GatewayProbes = REAL,
): void {
  const { gateways, macs } = baseline;
  if (gateways.length === 0) return;
  plan.add({
    name: `check that ${namesOf(gateways)} answers on ${device}`,
    details: [],
    run: async () => {
      const due = gateways.filter(({ address }) => macs.has(address));
      if (due.length === 0) return;
      for (const { address, macs: found, answers } of await probes.resolveAll(device, due, { timeoutMs })) {
        const [mac] = found;
        if (mac === undefined) {
          throw new ProductError(
            'ERR_GATEWAY_SILENT',
            `default gateway ${address} answered before the move and does not on ${device}, in ${timeoutMs} ms`,
          );
        }
        const before = macs.get(address) ?? [];
        if (!before.includes(mac))
          plan.note(`${address} was at ${before.join(' and ')} and is at ${mac} now`);
        const echo = canEcho ? await probes.echo(address, device) : undefined;
        const echoText = echo === undefined ? '' : `, an echo after ${echo.toFixed(1)} ms`;
        plan.note(
          `${address} answers on ${device} after ${(answers[0]?.rttMs ?? 0).toFixed(1)} ms${echoText}`,
        );
      }
    },
  });
}

async function resolveAll(
  device: string,
  gateways: readonly DefaultGateway[],
  options: { readonly timeoutMs: number; readonly settleMs?: number },
): Promise<Resolution[]> {
  const socket = new NeighbourSocket(device);
  try {
    return await Promise.all(
      gateways.map(({ address, source }) => resolve(socket, address, { ...options, source })),
    );
  } finally {
    socket.close();
  }
}

function namesOf(gateways: readonly DefaultGateway[]): string {
  return gateways.map(({ address }) => address).join(', ');
}
