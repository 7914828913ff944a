import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { PROJECT } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import { Gateway } from '../lab/gateway.js';
import { timeProcess } from '../processes.js';

const ROUNDS = 30;
const DAEMON_ROUNDS = 10;
/** Addresses without a server: a daemon is ready before it has reached either. */
const ELSEWHERE = ['external_ids:ovn-nb="tcp:127.0.0.1:1"', 'external_ids:k8s-api-server=127.0.0.1:1'];
const MEMORY_ROUNDS = 5;

export const startUp: Section = {
  name: 'start-up',
  about: [
    'Every executable of dist/bin with --help, and node with an empty script, alternating: the time, and the maximum memory',
    '(getrusage(2), ru_maxrss). Both daemons, configured with an API server: time from their start with --detach until they',
    'report that they are ready, which for the helper is when its flows are in place. The times include ip netns exec and',
    "node's own start.",
  ],

  async measure(): Promise<Report> {
    const bin = join(PROJECT, 'dist/bin');
    const files = (await readdir(bin)).filter((file) => file.endsWith('.js')).sort();
    const bare: number[] = [];
    const samples = new Map<string, number[]>(files.map((file) => [file, []]));
    // The first start reads each file from the disk.
    for (const file of files) timeProcess([process.execPath, join(bin, file), '--help']);
    for (let round = 0; round < ROUNDS; round += 1) {
      bare.push(timeProcess([process.execPath, '-e', '0']));
      for (const [file, times] of samples)
        times.push(timeProcess([process.execPath, join(bin, file), '--help']));
    }
    const node: Figure = { name: 'node -e 0', unit: 'ms', samples: bare };
    const empty: Figure = { name: 'memory of node -e 0', unit: 'MB', samples: memoryOf(['-e', '0']) };
    return {
      figures: [
        node,
        ...[...samples].map(
          ([file, times]): Figure => ({
            name: `${parse(file).name} --help`,
            unit: 'ms',
            samples: times,
            to: node,
            targets: [{ of: 'median', as: 'ratio', atMost: 2.5 }],
          }),
        ),
        ...(await startDaemons()),
        empty,
        ...files.map(
          (file): Figure => ({
            name: `memory of ${parse(file).name}`,
            unit: 'MB',
            samples: memoryOf([join(bin, file), '--help']),
            to: empty,
          }),
        ),
      ],
    };
  },
};

async function startDaemons(): Promise<Figure[]> {
  const gateway = await Gateway.start();
  const { host } = gateway;
  await host.vsctl('set', 'Open_vSwitch', '.', ...ELSEWHERE);
  const arguments_ = {
    'ovn-k8s-gateway-helper': ['--physical-bridge=breth0', '--physical-interface=eth0'],
    'ovn-k8s-watcher': ['--overlay'],
  };
  const figures: Figure[] = [];
  for (const [program, options] of Object.entries(arguments_)) {
    const samples: number[] = [];
    for (let round = 0; round < DAEMON_ROUNDS; round += 1) {
      const began = performance.now();
      const { exitCode, stderr } = await host.run(program, [
        ...options,
        '--detach',
        '--pidfile',
        '--log-file',
      ]);
      samples.push(performance.now() - began);
      if (exitCode !== 0) throw new Error(`${program} exited with ${exitCode}: ${stderr}`);
      await host.appctl('-t', program, 'exit');
      await until(`${program} to end`, () => when(!existsSync(join(host.rundir, `${program}.pid`))));
    }
    figures.push({
      name: `${program} --detach`,
      unit: 'ms',
      samples,
      targets: [{ of: 'median', as: 'value', atMost: 300 }],
    });
  }
  gateway.dispose();
  return figures;
}

/** A module that makes a process print its maximum memory at its end, in kilobytes (getrusage(2)). */
const SAY_MEMORY =
  "data:text/javascript,process.on('exit',()=>process.stderr.write(String(process.resourceUsage().maxRSS)))";

/** Returns the maximum memory of node with these arguments, in MB, one value for each run. */
function memoryOf(args: readonly string[]): number[] {
  return Array.from({ length: MEMORY_ROUNDS }, () => {
    const { stderr } = spawnSync(process.execPath, ['--import', SAY_MEMORY, ...args], { encoding: 'utf8' });
    return Number(stderr) / 1024;
  });
}
