import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Figure, Report, Section } from '../figure.js';
import { Gateway } from '../lab/gateway.js';
import { residentMb } from '../lab/process_stat.js';

const WINDOWS = 3;
/** Two looks in each; V8 tidies up once more within half a minute of a start, which is more work than a look. */
const WINDOW_MS = 20_000;

export const atRest: Section = {
  name: 'helper-at-rest',
  about: [
    `The helper when nothing happens, in ${WINDOWS} windows of ${WINDOW_MS / 1000} s, in each of which it looks at its flows of itself twice:`,
    'its memory (VmRSS of /proc), compared with a node that does nothing; and the processor time of its threads and',
    'of the processes it runs (schedstat and stat of /proc), as a share of one processor. The first window after the',
    'start, in which the start is still cleaned up after, stands apart.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    await gateway.startHelper();
    await gateway.settled();
    const pid = await gateway.helperPid();
    const idle = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' });
    const idlePid = idle.pid ?? 0;
    const memory: number[] = [];
    const idleMemory: number[] = [];
    const share: number[] = [];
    const first = await shareOf(pid);
    for (let window = 0; window < WINDOWS; window += 1) {
      share.push(await shareOf(pid));
      memory.push(await residentMb(pid));
      idleMemory.push(await residentMb(idlePid));
    }
    idle.kill();
    gateway.dispose();
    const node: Figure = { name: 'an idle node', unit: 'MB', samples: idleMemory };
    return {
      figures: [
        node,
        {
          name: 'memory of the helper',
          unit: 'MB',
          samples: memory,
          to: node,
          targets: [{ of: 'p99', as: 'value', atMost: 90 }],
        },
        { name: 'processor time after the start', unit: '% of a core', samples: [first] },
        {
          name: 'processor time at rest',
          unit: '% of a core',
          samples: share,
          targets: [{ of: 'p99', as: 'value', atMost: 0.5 }],
        },
      ],
    };
  },
};

/** Processor time in one window, as a percentage of one processor's. */
async function shareOf(pid: number): Promise<number> {
  const [began, before] = [performance.now(), await processorMs(pid)];
  await pause(WINDOW_MS);
  const used = (await processorMs(pid)) - before;
  return (100 * used) / (performance.now() - began);
}

/** What a process, its living children and those it has waited for have run, in milliseconds (proc(5)). */
async function processorMs(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const children = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8')),
  );
  const living = children.join(' ').split(' ').filter(Boolean).map(Number);
  const [own, waitedFor, ...others] = await Promise.all([
    ownMs(pid),
    waitedForMs(pid),
    ...living.map(processorMs),
  ]);
  return [own, waitedFor, ...others].reduce((sum, one) => sum + one, 0);
}

/** In nanoseconds in /proc, and so good for short windows. */
async function ownMs(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    tasks.map(async (task) => (await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0]),
  );
  return times.reduce((sum, one) => sum + Number(one) / 1e6, 0);
}

/** cutime and cstime, in hundredths of a second. */
async function waitedForMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in parentheses, may have spaces; cutime is field 16, and field 3 follows the name.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
