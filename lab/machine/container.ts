import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Namespace, Outcome } from '../namespace.js';
import { Running } from '../running.js';
import { until, when } from '../until.js';
import type { Disk } from './disk.js';

/** Milliseconds in which process 1 starts, all processes end, or a command ends. */
const START_MS = 30_000;
const END_MS = 60_000;
const COMMAND_MS = 60_000;

/** The environment of commands, as a login of root has it. */
const ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/** Where systemd-nspawn leaves an empty folder for each container, unless /run is a tmpfs. */
const PROPAGATION = '/run/systemd/nspawn/propagate';

/** One boot of a machine: systemd as process 1 of a container (systemd-nspawn(1)) in a network namespace. */
export class Container {
  #hasEnded = false;

  private constructor(
    private readonly program: Running,
    /** The process that is process 1 inside. */
    private readonly leader: number,
  ) {
    void program.exited.then(() => {
      this.#hasEnded = true;
    });
  }

  /** Starts a container; resolves when its process 1 runs, long before its services do. */
  static async start(disk: Disk, net: Namespace): Promise<Container> {
    sweepPropagation();
    const program = new Running(
      `systemd-nspawn of ${net.name}`,
      execa(
        'systemd-nspawn',
        [
          ...['--quiet', '--boot', ...disk.arguments, `--machine=${net.name}`],
          // No systemd-machined runs outside.
          ...['--register=no', '--keep-unit', '--link-journal=no'],
          ...[`--network-namespace-path=/run/netns/${net.name}`, '--capability=all'],
          // For the LOCAL ports of bridges in userspace.
          '--bind=/dev/net/tun',
          '--console=pipe',
          'systemd.show_status=yes',
        ],
        {
          // The first: the machine writes its own /proc/sys/net. The second: systemd 257 needs cgroups of version 2.
          env: { SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network', UNIFIED_CGROUP_HIERARCHY: '1' },
          stdin: 'ignore',
          all: true,
          reject: false,
        },
      ),
    );
    return new Container(program, await until(program.command, () => leaderOf(program), START_MS));
  }

  /** What the boot has printed on the console. */
  get console(): string {
    return this.program.output;
  }

  /** Runs a command inside, with this standard input; resolves with any exit code. */
  async attempt(argv: readonly string[], input = ''): Promise<Outcome> {
    const enter = ['-t', String(this.leader), '-m', '-u', '-i', '-p', '-n', '-C', '-r', '-w'];
    const {
      exitCode = -1,
      stdout,
      stderr,
    } = await execa('nsenter', [...enter, ...argv], {
      env: ENV,
      extendEnv: false,
      input,
      timeout: COMMAND_MS,
      reject: false,
    });
    return { exitCode, stdout, stderr };
  }

  /** Returns the path of a file as seen from outside (proc(5), `/proc/PID/root`). */
  path(file: string): string {
    return join('/proc', String(this.leader), 'root', file);
  }

  /** Kills process 1 and with it all others. */
  kill(): void {
    process.kill(this.leader, 'SIGKILL');
  }

  /** Waits until the container has ended. */
  async ended(): Promise<void> {
    await until(`${this.program.command} to end`, () => when(this.#hasEnded), END_MS);
  }
}

/** Returns the process that is process 1 inside; `undefined` until it is systemd. */
function leaderOf({ pid, output }: Running): number | undefined {
  if (!existsSync(`/proc/${pid}`)) throw new Error(`systemd-nspawn ended: ${output}`);
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.find(
    (child) =>
      /^NSpid:\s+\d+\s+1$/m.test(read(`/proc/${child}/status`)) &&
      read(`/proc/${child}/comm`).trim() === 'systemd',
  );
}

/** Removes the folders of the lab's containers that have ended. */
function sweepPropagation(): void {
  if (!existsSync(PROPAGATION)) return;
  for (const name of readdirSync(PROPAGATION))
    if (name.startsWith('lab-') && !existsSync(`/run/netns/${name}`)) rmdirSync(join(PROPAGATION, name));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
