// The process of native.test.ts, for tests that need another process, most of them in a namespace:
//   lock PATH          locks the file and says "locked", or the errno; ends
//   watch GROUP...     two watches say "first" and "second" for each change; SIGUSR2 closes the first, SIGTERM the second
//   unref              a watch that lets the process end
//   worker PATH [stay] a thread that has a lock and a watch says "locked" and "changed"; SIGUSR2 terminates it,
//                      which ends the process, or with "stay" SIGINT does
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { lockFile, type NetlinkGroup, watchNetlink } from '../src/native.js';

const say = (text: string) => process.stdout.write(`${text}\n`);
const [mode, ...args] = process.argv.slice(2);

if (!isMainThread) inThread(String(workerData));
else if (mode === 'lock') lock(args[0] ?? '');
else if (mode === 'watch') watch(args.filter(isGroup));
else if (mode === 'unref') watchNetlink(['link'], () => undefined).unref();
else if (mode === 'worker') startThread(args[0] ?? '', args[1] === 'stay');

function lock(path: string): void {
  try {
    lockFile(path);
    say('locked');
  } catch (error) {
    say(`errno ${error instanceof Error && 'errno' in error ? error.errno : error}`);
  }
}

function watch(groups: readonly NetlinkGroup[]): void {
  const first = watchNetlink(groups, () => say('first'));
  const second = watchNetlink(groups, () => say('second'));
  process.once('SIGUSR2', () => {
    first.close();
    say('closed');
  });
  process.once('SIGTERM', () => {
    first.close();
    second.close();
    second.close();
  });
  say('watching');
}

function startThread(path: string, stay: boolean): void {
  // A worker thread of Node.js 20 must register a loader for TypeScript itself.
  const script = `import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(import.meta.url)});
  })`;
  const thread = new Worker(script, { eval: true, workerData: path, execArgv: [] });
  thread.on('message', say);
  process.once('SIGUSR2', () => void thread.terminate().then(() => say('terminated')));
  // Without the timer, only the thread keeps this process alive, so the process must end after the thread.
  const timer = stay ? setInterval(() => undefined, 1_000) : undefined;
  process.once('SIGINT', () => clearInterval(timer));
}

function inThread(path: string): void {
  const lockOfThread = lockFile(path);
  lockOfThread.write('thread\n');
  parentPort?.postMessage('locked');
  const ofThread = watchNetlink(['link'], () => {
    parentPort?.postMessage('changed');
    // Referred to for as long as the thread lives.
    if (ofThread === undefined || lockOfThread === undefined) throw new Error('gone');
  });
}

function isGroup(name: string): name is NetlinkGroup {
  return ['link', 'neigh', 'ipv4-ifaddr', 'ipv4-route', 'ipv6-ifaddr', 'ipv6-route'].includes(name);
}
