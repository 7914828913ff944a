// Sends a datagram at each interval, and prints each run of datagrams that were not answered within a second.
//   outage_agent.mjs HOST PORT INTERVAL_MS same|new   "open" at the first answer; then lines {"startMs","endMs","lost"},
//                                                    milliseconds since 1970; after SIGTERM {"sent"} as the last line
// `same` sends all from one socket, as an established conversation; `new` each from a socket of its own.
import { createSocket } from 'node:dgram';
import process from 'node:process';

const PATIENCE_MS = 1_000;
const LOOK_MS = 100;
const [host, port, interval, mode] = process.argv.slice(2);
const type = host.includes(':') ? 'udp6' : 'udp4';

/** Unanswered datagrams in the order in which they were sent: the number, and when. */
const waiting = new Map();
let sent = 0;
let isOpen = false;
let outage;
const one = mode === 'same' ? openSocket() : undefined;

function openSocket() {
  const socket = createSocket(type);
  socket.on('message', (message) => {
    waiting.delete(Number(message));
    if (one === undefined) socket.close();
    if (isOpen) return;
    isOpen = true;
    waiting.clear();
    console.log('open');
  });
  // A refusal is an outage too, and the datagram stays unanswered.
  socket.on('error', () => undefined);
  return socket;
}

function send() {
  sent += 1;
  const number = sent;
  waiting.set(number, Date.now());
  const socket = one ?? openSocket();
  socket.send(String(number), Number(port), host, () => undefined);
  if (one === undefined) setTimeout(() => closeIfOpen(socket), PATIENCE_MS).unref();
}

function closeIfOpen(socket) {
  try {
    socket.close();
  } catch {
    // Its answer closed it.
  }
}

/** Takes those that waited too long, and prints an outage once a later datagram was answered. */
function look(until) {
  for (const [number, at] of waiting) {
    if (at > until) break;
    waiting.delete(number);
    if (!isOpen) continue;
    if (outage !== undefined && number !== outage.last + 1) finish();
    outage ??= { startMs: at, lost: 0 };
    outage.lost += 1;
    outage.last = number;
    outage.endMs = at + Number(interval);
  }
  const [next] = waiting.keys();
  if (outage !== undefined && (next ?? sent + 1) > outage.last + 1) finish();
}

function finish() {
  const { startMs, endMs, lost } = outage;
  outage = undefined;
  console.log(JSON.stringify({ startMs, endMs, lost }));
}

const sending = setInterval(send, Number(interval));
const looking = setInterval(() => look(Date.now() - PATIENCE_MS), LOOK_MS);
process.on('SIGTERM', () => {
  clearInterval(sending);
  setTimeout(() => {
    clearInterval(looking);
    look(Number.POSITIVE_INFINITY);
    if (outage !== undefined) finish();
    console.log(JSON.stringify({ sent }));
    process.exit(0);
  }, PATIENCE_MS);
});
