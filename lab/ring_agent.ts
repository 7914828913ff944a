// Reads an interface of its namespace through the ring until SIGTERM, for tests and benchmarks of the ring.
//   ring_agent DEVICE SIDE [thread]   prints "reading", then a report as JSON at each SIGUSR2.
//                                     With "thread", a worker thread reads, and SIGUSR2 terminates it.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { RingCapture } from '../src/capture/ring_capture.js';
import { PORT_ROLES } from '../src/demux/port_role.js';
import { explainError } from '../src/net/errors.js';
import { GATEWAY } from '../test/demux/sample.js';

const say = (text: string) => process.stdout.write(`${text}\n`);
const [device = '', side, mode] = process.argv.slice(2);

if (!isMainThread) {
  const ring = open(String(workerData));
  parentPort?.postMessage('reading');
  setInterval(() => ring.snapshot(), 50);
} else if (mode === 'thread') {
  // A worker thread of Node.js 20 must register a loader for TypeScript itself.
  const script = `import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(import.meta.url)});
  })`;
  const thread = new Worker(script, { eval: true, workerData: device, execArgv: [] });
  thread.on('message', say);
  const timer = setInterval(() => undefined, 1_000);
  process.once('SIGUSR2', () => void thread.terminate().then(() => say('terminated')));
  process.once('SIGTERM', () => clearInterval(timer));
} else {
  const ring = open(device);
  const started = process.cpuUsage();
  const timer = setInterval(() => undefined, 1_000);
  process.on('SIGUSR2', () => {
    try {
      const { classes, malformed, leaving, dropped, talkers, samples } = ring.snapshot(5);
      const { user, system } = process.cpuUsage(started);
      say(
        JSON.stringify({
          packets: Object.fromEntries([...classes].map(([name, { packets }]) => [name, Number(packets)])),
          bytes: Object.fromEntries([...classes].map(([name, { bytes }]) => [name, Number(bytes)])),
          malformed: Number(malformed),
          leaving: Number(leaving.packets),
          dropped: Number(dropped),
          talkers: talkers.map((one) => ({ ...one, packets: Number(one.packets), bytes: Number(one.bytes) })),
          samples: [...samples.keys()],
          cpuMicroseconds: user + system,
        }),
      );
    } catch (error) {
      say(`error: ${explainError(error)}`);
    }
  });
  process.once('SIGTERM', () => {
    ring.close();
    ring.close();
    clearInterval(timer);
  });
  // Printed last: a signal before the handlers are in place would end this process.
  say('reading');
}

function open(name: string): RingCapture {
  try {
    return RingCapture.open({
      device: name,
      direction: 'both',
      role: PORT_ROLES.find((one) => one === side) ?? 'phys',
      state: GATEWAY,
    });
  } catch (error) {
    say(`error: ${explainError(error)}`);
    process.exit(1);
  }
}
