// Runs a function of src/neighbour in this process's namespace. Prints one JSON object a line, {"code", "message"} for
// an error:
//   resolve IF ADDRESS [SOURCE]   {"macs": [...], "rttMs": [...], "asked": N}
//   probe IF ADDRESS...           [{"address", "mac"}...]
//   announce IF ADDRESS...        {}
//   listen IF                     {"ready": true}, then each message, until the interface is deleted
//   speak IF ADDRESS...           {"ready": true}, then announces an address whenever a host asks for it
import { announce } from '../src/neighbour/announce.js';
import type { NeighbourMessage } from '../src/neighbour/message.js';
import { NeighbourSocket } from '../src/neighbour/neighbour_socket.js';
import { probe } from '../src/neighbour/probe.js';
import { resolve } from '../src/neighbour/resolve.js';
import { ProductError } from '../src/net/errors.js';
import { parseIp } from '../src/net/ip.js';

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const complain = (error: unknown) => {
  if (!(error instanceof ProductError)) throw error;
  say({ code: error.code, message: error.message });
};

const [mode, name = '', ...texts] = process.argv.slice(2);
const addresses = texts.map(parseIp);
try {
  const link = new NeighbourSocket(name);
  if (mode === 'listen') listen(link);
  else if (mode === 'speak') speak(link);
  else {
    say(await answer(link));
    link.close();
  }
} catch (error) {
  complain(error);
}

async function answer(link: NeighbourSocket): Promise<unknown> {
  const [address, source] = addresses;
  if (mode === 'probe') return probe(link, addresses, { own: new Set([link.mac]) });
  if (mode === 'announce') return announce(link, addresses) ?? {};
  if (address === undefined) throw new Error('no address');
  const { macs, asked, answers } = await resolve(link, address, { source, timeoutMs: 1_000, settleMs: 50 });
  return { macs, asked, rttMs: answers.map(({ rttMs }) => rttMs) };
}

/** Answers as MetalLB does: from the host's interface, for addresses that no host has. */
function speak(link: NeighbourSocket): void {
  listen(link, ({ kind, target }) => {
    if (kind === 'request' && addresses.includes(target)) announce(link, [target]);
  });
}

function listen(link: NeighbourSocket, received: (message: NeighbourMessage) => void = say): void {
  link.listen({
    received,
    failed(error) {
      complain(error);
      link.close();
    },
  });
  say({ ready: true });
}
