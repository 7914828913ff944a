// Probes of one namespace: sends all the time, and remembers what was answered.
//   traffic_agent.mjs '[{ "name", "kind": "flow"|"new"|"tcp", "address", "port", "everyMs" }, ...]'
// flow: datagrams from one port. new: each datagram from a new port. tcp: bytes over one connection.
// Prints "open" when every probe was answered once. On SIGUSR1 waits for the last answers, prints "report N [...]" about
// everything sent since the last report, and goes on.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import process from 'node:process';

/** An answer that takes longer counts as lost. */
const PATIENCE_MS = 1_000;
/**
 * A probe that was never answered asks from another port after this time: Debian's OVS 3.1 does not translate what
 * follows the first packet of a connection if that packet waited for the MAC of another node.
 */
const RETRY_MS = 1_000;
/** How long a broken connection stays away before the next one. */
const RECONNECT_MS = 200;
const START = { flow: startFlow, new: startNew, tcp: startTcp };

const now = () => performance.timeOrigin + performance.now();
const probes = JSON.parse(process.argv[2]).map((target) => ({
  ...target,
  samples: [],
  broken: 0,
  isOpen: false,
}));
for (const probe of probes) START[probe.kind](probe);

let reports = 0;
process.on('SIGUSR1', () => {
  const until = now();
  setTimeout(() => {
    reports += 1;
    console.log(`report ${reports} ${JSON.stringify(probes.map((probe) => reportOf(probe, until)))}`);
  }, PATIENCE_MS);
});

function sent(probe) {
  const sample = { at: now(), isAnswered: false };
  probe.samples.push(sample);
  return sample;
}

function answered(probe, sample) {
  if (sample === undefined || now() - sample.at > PATIENCE_MS) return;
  sample.isAnswered = true;
  if (probe.isOpen) return;
  probe.isOpen = true;
  console.log(`answered: ${probe.name}`);
  if (probes.every(({ isOpen }) => isOpen)) console.log('open');
}

function familyOf(address) {
  return address.includes(':') ? 'udp6' : 'udp4';
}

function startFlow(probe) {
  const { address, port, everyMs } = probe;
  const waiting = new Map();
  let sequence = 0;
  let socket;
  const open = () => {
    socket?.close();
    socket = createSocket(familyOf(address));
    socket.on('error', () => undefined);
    socket.on('message', (message) => {
      answered(probe, waiting.get(String(message)));
      waiting.delete(String(message));
    });
  };
  open();
  const again = setInterval(() => (probe.isOpen ? clearInterval(again) : open()), RETRY_MS);
  setInterval(() => {
    sequence += 1;
    const key = String(sequence);
    waiting.set(key, sent(probe));
    setTimeout(() => waiting.delete(key), PATIENCE_MS);
    socket.send(key, port, address, () => undefined);
  }, everyMs);
}

function startNew(probe) {
  const { address, port, everyMs } = probe;
  setInterval(() => {
    const sample = sent(probe);
    const socket = createSocket(familyOf(address));
    const late = setTimeout(() => socket.close(), PATIENCE_MS);
    socket.on('error', () => undefined);
    socket.on('message', () => {
      answered(probe, sample);
      clearTimeout(late);
      socket.removeAllListeners('message');
      socket.close();
    });
    socket.connect(port, address, (error) => error || socket.send('?', () => undefined));
  }, everyMs);
}

function startTcp(probe) {
  const { address, port, everyMs } = probe;
  const socket = connect({ host: address, port });
  const waiting = [];
  let timer;
  socket.setNoDelay(true);
  const late = setTimeout(() => socket.destroy(), RETRY_MS);
  socket.on('connect', () => {
    clearTimeout(late);
    timer = setInterval(() => {
      waiting.push(sent(probe));
      socket.write('.');
    }, everyMs);
  });
  socket.on('data', (data) => {
    for (const sample of waiting.splice(0, data.length)) answered(probe, sample);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearTimeout(late);
    clearInterval(timer);
    if (timer !== undefined) probe.broken += 1;
    setTimeout(() => startTcp(probe), RECONNECT_MS);
  });
}

/** Reports the samples before a time, and forgets them. */
function reportOf(probe, until) {
  const samples = probe.samples.filter(({ at }) => at < until);
  probe.samples = probe.samples.slice(samples.length);
  const { name, broken } = probe;
  probe.broken = 0;
  const cut = cutOf(samples, probe.answeredAt ?? samples[0]?.at);
  probe.answeredAt = samples.findLast(({ isAnswered }) => isAnswered)?.at ?? probe.answeredAt;
  return {
    name,
    sent: samples.length,
    lost: samples.filter((one) => !one.isAnswered).length,
    broken,
    silentMs: until - (probe.answeredAt ?? 0),
    ...cut,
  };
}

/**
 * Finds the longest time in which nothing that was sent was answered, from one answered sample to the next.
 * @param begin when the last answered sample before these was sent
 */
function cutOf(samples, begin) {
  let [longestMs, from] = [0, undefined];
  let isCut = false;
  const end = (at) => {
    if (isCut && at - begin > longestMs) [longestMs, from] = [at - begin, begin];
    isCut = false;
  };
  for (const { at, isAnswered } of samples) {
    if (isAnswered) {
      end(at);
      begin = at;
    } else isCut = true;
  }
  end(samples.at(-1)?.at);
  return { longestMs, from };
}
