// Shared by the tests of the addon's sockets: the addon, a veth pair in the network namespace that scripts/native-test
// makes for each test, and functions that wait.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

export const ADDON = process.argv[2];
export const addon = createRequire(import.meta.url)(ADDON);

/** The MACs of the cable's ends. */
export const NEAR = Buffer.from('0a58cb00710a', 'hex');
export const FAR = Buffer.from('020000000001', 'hex');
const NEAR_ADDRESS = Buffer.from([203, 0, 113, 10]);
const FAR_ADDRESS = Buffer.from([203, 0, 113, 1]);

const NO_PORTS = new Uint16Array(0);
/** A gateway at the near end, in the form that the addon reads. */
export const FACTS = {
  mac: NEAR,
  linkLocal: new Uint8Array(16),
  phys: true,
  patch: true,
  otherPorts: false,
  addresses: [NEAR_ADDRESS],
  served: [],
  answered: [],
  servedSources: [],
  portsAt: [],
  tcp: NO_PORTS,
  udp: NO_PORTS,
  sctp: NO_PORTS,
  range: Uint16Array.of(61_000, 65_535),
};

const ETHER_ARP = Buffer.from('0806', 'hex');
const ETHER_IPV4_ARP_REQUEST = Buffer.from('0001080006040001', 'hex');
/** An ARP request of the far end for the near end's address (RFC 826), without padding. */
export const ARP_REQUEST = Buffer.concat([
  Buffer.alloc(6, 0xff),
  ...[FAR, ETHER_ARP, ETHER_IPV4_ARP_REQUEST, FAR, FAR_ADDRESS, Buffer.alloc(6), NEAR_ADDRESS],
]);

/** Runs several commands of `ip` at once. */
export function ip(...commands) {
  feed('ip', ['-batch', '-'], commands);
}

/** Runs several commands of `nft` as one transaction. */
export function nftables(...commands) {
  feed('/usr/sbin/nft', ['-f', '-'], commands);
}

/** Runs a program without the sanitizers' library that is preloaded into this process. */
function feed(program, args, lines) {
  const { LD_PRELOAD: _, ...env } = process.env;
  execFileSync(program, args, {
    env,
    input: `${lines.join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

/** Lets the event loop read all that its sockets have. */
export async function turns() {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Makes the veth pair `near` and `far`, both up. The kernel sends nothing on it by itself. */
export function layCable() {
  ip(
    `link add near address ${macText(NEAR)} type veth peer name far address ${macText(FAR)}`,
    ...['near', 'far'].map((end) => `link set ${end} addrgenmode none arp off up`),
  );
}

/** Polls `ask` until it returns a true value; fails with `what` after 10 s. */
export async function until(what, ask) {
  for (const end = performance.now() + 10_000; performance.now() < end; await pause(2)) {
    const found = ask();
    if (found) return found;
  }
  return assert.fail(`not within 10 s: ${what}`);
}

/** Collects garbage until `ask` returns true. */
export function untilCollected(what, ask) {
  return until(what, () => {
    globalThis.gc();
    return ask();
  });
}

/** Counts the sockets of this process (proc(5)). */
export function socketCount() {
  return readdirSync('/proc/self/fd').filter((fd) => targetOf(`/proc/self/fd/${fd}`).startsWith('socket:'))
    .length;
}

/** Counts the rings of this process: each is mapped memory of its socket (proc(5)). */
export function ringCount() {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('socket:')).length;
}

/** Runs `body(addon, ready, { facts, parentPort })` in a worker thread, from its source text; returns the thread once ready. */
export async function inThread(body) {
  const script = `const { parentPort, workerData } = require('node:worker_threads');
    (${body})(require(${JSON.stringify(ADDON)}), () => parentPort.postMessage('ready'), { facts: workerData, parentPort });`;
  const thread = new Worker(script, { eval: true, workerData: FACTS });
  await once(thread, 'message');
  return thread;
}

/** Runs `body` and returns the uncaught exceptions meanwhile; `body` receives the list and can wait for them. */
export async function uncaughtDuring(body) {
  const seen = [];
  const note = (error) => seen.push(error);
  process.on('uncaughtException', note);
  try {
    await body(seen);
  } finally {
    process.off('uncaughtException', note);
  }
  return seen;
}

function macText(mac) {
  return [...mac].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** Returns the target of a link; empty if the link is gone, like that of the directory being read. */
function targetOf(link) {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
