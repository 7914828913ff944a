import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { until, when } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import { Api, crowdedService, FLOWS_OF_ONE } from '../lab/api.js';
import { Gateway } from '../lab/gateway.js';
import { residentMb } from '../lab/process_stat.js';

const WINDOWS = 2;
/** Long enough for one or two audits of the helper, which come every 20 s. */
const WINDOW_MS = 20_000;
/** Milliseconds after a change in which V8 still collects garbage of it. */
const FIRST_MS = 60_000;
const SIZES = [
  { name: 'no service', services: 0, mostMb: 90 },
  { name: '10,000 flows', services: 10_000 / FLOWS_OF_ONE, mostMb: undefined },
  { name: '50,000 flows', services: 50_000 / FLOWS_OF_ONE, mostMb: 200 },
] as const;

export const atRest: Section = {
  name: 'helper-at-rest',
  about: [
    `The helper at rest, in ${WINDOWS} windows of ${WINDOW_MS / 1000} s, without services and with services of a real API server.`,
    'Its memory (VmRSS of /proc), compared with an idle node. The processor time of its threads and of the processes that it',
    'runs (schedstat and stat of /proc), as a share of one processor. The first minute after a change is a figure of its',
    'own, because V8 still collects garbage then. The number of bundles sent at rest.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    const api = await Api.start(gateway.host);
    await gateway.startHelper();
    const pid = await gateway.helperPid();
    const idle = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' });
    await gateway.settled();
    const node: Figure = { name: 'an idle node', unit: 'MB', samples: [await residentMb(idle.pid ?? 0)] };
    const figures: Figure[] = [node];
    let services = 0;
    for (const size of SIZES) {
      await api.send(
        Array.from({ length: size.services - services }, (_, i) => [
          'POST',
          '/api/v1/namespaces/default/services',
          crowdedService(services + i),
        ]),
      );
      services = size.services;
      const flows = services * FLOWS_OF_ONE;
      await until('all flows', async () => when((await gateway.ourCookies()).length >= flows), 60_000);
      await gateway.settled();
      const first = await shareOf(pid, FIRST_MS);
      const before = await bundlesOf(gateway);
      const share: number[] = [];
      const memory: number[] = [];
      for (let window = 0; window < WINDOWS; window += 1) {
        share.push(await shareOf(pid, WINDOW_MS));
        memory.push(await residentMb(pid));
      }
      figures.push(
        {
          name: `${size.name}: memory of the helper`,
          unit: 'MB',
          samples: memory,
          to: node,
          targets: size.mostMb === undefined ? [] : [{ of: 'p99', as: 'value', atMost: size.mostMb }],
        },
        { name: `${size.name}: processor time in the first minute`, unit: '% of a core', samples: [first] },
        {
          name: `${size.name}: processor time at rest`,
          unit: '% of a core',
          samples: share,
          targets: [{ of: 'p99', as: 'value', atMost: 0.5 }],
        },
        {
          name: `${size.name}: bundles sent at rest`,
          unit: 'bundles',
          samples: [(await bundlesOf(gateway)) - before],
          targets: [{ of: 'p99', as: 'value', atMost: 0 }],
        },
      );
    }
    idle.kill();
    gateway.dispose();
    return { figures };
  },
};

async function bundlesOf(gateway: Gateway): Promise<number> {
  const { totals } = JSON.parse(await gateway.helper('status', '--json')) as { totals: { bundles: number } };
  return totals.bundles;
}

/** Returns the processor time in one window, as a percentage of one processor. */
async function shareOf(pid: number, windowMs: number): Promise<number> {
  const [began, before] = [performance.now(), await processorMs(pid)];
  await pause(windowMs);
  const used = (await processorMs(pid)) - before;
  return (100 * used) / (performance.now() - began);
}

/** Returns the processor time of a process, its living children and its ended children, in milliseconds (proc(5)). */
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

/** Returns the time of a process's own threads. /proc has it in nanoseconds, which suits short windows. */
async function ownMs(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    tasks.map(async (task) => (await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0]),
  );
  return times.reduce((sum, one) => sum + Number(one) / 1e6, 0);
}

/** Returns the time of ended children: cutime and cstime, which /proc has in units of 10 ms. */
async function waitedForMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in parentheses, may contain spaces. Field 3 follows the name; cutime is field 16.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
