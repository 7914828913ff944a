import type { Snapshot } from '../host/snapshot.js';
import { tryEcho } from '../icmp/echo.js';
import { NeighbourSocket } from '../neighbour/neighbour_socket.js';
import { type Resolution, resolve } from '../neighbour/resolve.js';
import { explainError, ProductError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { type DefaultGateway, defaultGateways } from './default_gateways.js';
import type { Plan } from './plan.js';

/** How long a gateway may take to answer before anything is touched, and how long to wait for somebody else's answer. */
const BEFORE = { timeoutMs: 1_000, settleMs: 50 } as const;

/** Who must still answer at the end. */
export interface Witnesses {
  readonly gateways: readonly DefaultGateway[];
  /** Whose MAC each gave before; those that did not answer are not here. */
  readonly macs: Map<IpAddress, readonly MacAddress[]>;
}

/**
 * Adds the step that asks the default gateways of an interface, where all still is as it was. One that does not
 * answer is a note: it may be that it never does.
 */
export function addGatewayQuestion(plan: Plan, wanted: Snapshot, device: string): Witnesses {
  const witnesses: Witnesses = { gateways: defaultGateways(wanted), macs: new Map() };
  const { gateways, macs } = witnesses;
  if (gateways.length === 0) return witnesses;
  const names = namesOf(gateways);
  plan.add({
    name: `ask ${names} for an answer on ${device}`,
    details: [],
    run: async () => {
      try {
        for (const { address, macs: found } of await askAll(device, gateways, BEFORE)) {
          if (found.length > 0) macs.set(address, found);
          else plan.note(`default gateway ${address} did not answer on ${device} before the move`);
          if (found.length > 1) plan.note(`${found.join(' and ')} both answer for ${address} on ${device}`);
        }
      } catch (error) {
        plan.note(`default gateway ${names} could not be asked before the move: ${explainError(error)}`);
      }
    },
  });
  return witnesses;
}

/**
 * Adds the step that fails when a gateway that answered before does not where its routes are now. `canEcho`: whether
 * the kernel hears an answer on `device`; that of a NIC which the system datapath still has comes up on the bridge.
 */
export function addGatewayAnswer(
  plan: Plan,
  witnesses: Witnesses,
  device: string,
  { timeoutMs, canEcho }: { readonly timeoutMs: number; readonly canEcho: boolean },
): void {
  const { gateways, macs } = witnesses;
  if (gateways.length === 0) return;
  plan.add({
    name: `see that ${namesOf(gateways)} answers on ${device}`,
    details: [],
    run: async () => {
      const due = gateways.filter(({ address }) => macs.has(address));
      if (due.length === 0) return;
      for (const { address, macs: found, answers } of await askAll(device, due, { timeoutMs })) {
        const [mac] = found;
        if (mac === undefined) {
          throw new ProductError(
            'ERR_GATEWAY_SILENT',
            `default gateway ${address} answered before the move and does not on ${device}, in ${timeoutMs} ms`,
          );
        }
        const before = macs.get(address) ?? [];
        if (!before.includes(mac))
          plan.note(`${address} was at ${before.join(' and ')}, and is at ${mac} now`);
        const echo = canEcho ? await tryEcho(address, device) : undefined;
        const echoText = echo === undefined ? '' : `, an echo after ${echo.toFixed(1)} ms`;
        plan.note(
          `${address} answers on ${device} after ${(answers[0]?.rttMs ?? 0).toFixed(1)} ms${echoText}`,
        );
      }
    },
  });
}

async function askAll(
  device: string,
  gateways: readonly DefaultGateway[],
  options: { readonly timeoutMs: number; readonly settleMs?: number },
): Promise<Resolution[]> {
  const link = new NeighbourSocket(device);
  try {
    return await Promise.all(
      gateways.map(({ address, source }) => resolve(link, address, { ...options, source })),
    );
  } finally {
    link.close();
  }
}

function namesOf(gateways: readonly DefaultGateway[]): string {
  return gateways.map(({ address }) => address).join(', ');
}
